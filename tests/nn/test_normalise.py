"""Standardised inputs."""

from __future__ import annotations

import math

import pytest
import torch

from hitclr.errors import HitclrError
from hitclr.events import make_batch, ptr_from_counts
from hitclr.graphs import KNN
from hitclr.nn import InputNorm


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    ptr = ptr_from_counts(torch.tensor([40, 1, 59]))
    pos = torch.randn(100, 3, generator=generator) * torch.tensor([1.0, 5.0, 20.0]) + 300
    x = torch.randn(100, 3, generator=generator) * torch.tensor([3.0, 0.01, 0.0])
    x += torch.tensor([7.0, 0.0, 0.1])
    hits = {"pos": pos, "x": x, "hit_id": torch.arange(100)}
    return make_batch(hits, {"y": torch.arange(3)}, ptr, ["a", "b", "c"])


def test_standardised_features_and_isotropic_positions(batch):
    made = InputNorm(3).fit([(batch.x, batch.pos)])(batch)
    mean, deviation = made.x.mean(0), made.x.std(0, correction=0)
    torch.testing.assert_close(mean, torch.zeros(3), rtol=0, atol=1e-4)
    torch.testing.assert_close(deviation, torch.tensor([1.0, 1.0, 0.0]), rtol=0, atol=1e-4)
    torch.testing.assert_close(made.pos.mean(0), torch.zeros(3), rtol=0, atol=1e-4)
    spread = made.pos.std(0, correction=0)
    assert float(spread.square().mean()) == pytest.approx(1, abs=1e-4)
    torch.testing.assert_close(spread / spread[0], batch.pos.std(0) / batch.pos.std(0)[0])


def test_a_feature_that_does_not_vary_stays_small(batch):
    # The mean of many equal float32 numbers is off by rounding; that is no deviation.
    x = torch.full((100_001, 3), 0.1)
    norm = InputNorm(3).fit([(x, torch.full((100_001, 3), 1234.5))])
    assert norm.scale.tolist() == [1, 1, 1]
    assert norm.length.item() == 1
    batch.x[:] = 0.1
    batch.pos[:] = 1234.5
    made = norm(batch)
    assert float(made.x.abs().max()) < 1e-6
    assert float(made.pos.abs().max()) == 0


def test_the_batch_is_left_alone_and_all_else_is_kept(batch):
    batch = KNN(3)(batch)
    before = {name: batch[name].clone() for name in ("x", "pos", "edge_index")}
    made = InputNorm(3).fit([(batch.x, batch.pos)])(batch)
    for name, value in before.items():
        assert torch.equal(batch[name], value)
    assert not torch.equal(made.x, batch.x)
    for name in ("edge_index", "hit_id", "y", "ptr", "batch"):
        assert made[name] is batch[name]
    assert made.num_graphs == 3
    events = made.to_data_list()
    assert [event.num_edges for event in events] == [120, 0, 177]
    assert torch.equal(events[2].x, made.x[41:])


def test_it_passes_inputs_until_fitted_and_survives_a_checkpoint(batch):
    norm = InputNorm(3)
    assert torch.equal(norm(batch).x, batch.x)
    assert torch.equal(norm(batch).pos, batch.pos)
    fitted = InputNorm(3).fit([(batch.x, batch.pos)])
    norm.load_state_dict(fitted.state_dict())
    assert torch.equal(norm(batch).x, fitted(batch).x)
    assert torch.equal(norm(batch).pos, fitted(batch).pos)
    assert not list(norm.parameters())


def test_large_offsets_do_not_spoil_the_deviation():
    x = torch.arange(1000.0)[:, None] % 2 + 1e5
    norm = InputNorm(1).fit([(x, torch.rand(1000, 3))])
    assert norm.scale.item() == pytest.approx(0.5, rel=1e-6)


@pytest.mark.parametrize(
    ("x", "pos", "match"),
    [
        (torch.ones(4, 2), torch.ones(4, 3), r"\[N, 3\].*got \[4, 2\]"),
        (torch.ones(4, 3), torch.ones(5, 3), r"\[5, 3\]"),
        (torch.ones(0, 3), torch.ones(0, 3), "at least one hit"),
        (torch.full((4, 3), math.nan), torch.ones(4, 3), "12 of 12 values of x"),
        (torch.ones(4, 3), torch.full((4, 3), math.inf), "12 of 12 values of pos"),
    ],
)
def test_what_cannot_be_fitted_is_refused(x, pos, match):
    norm = InputNorm(3)
    with pytest.raises(HitclrError, match=match):
        norm.fit([(x, pos)])
    assert norm.scale.tolist() == [1, 1, 1]


def test_another_number_of_features_is_named(batch):
    with pytest.raises(HitclrError, match=r"x of shape \[N, 5\].*got \[100, 3\]"):
        InputNorm(5)(batch)
