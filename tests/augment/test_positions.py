"""Translation and jitter."""

from __future__ import annotations

import math

import pytest
import torch

from hitclr.augment import PositionJitter, Translation
from hitclr.errors import SettingsError
from hitclr.rng import generator
from hitclr.testing import make_events

MANY = 20_000


def test_translation_is_uniform_within_its_distances():
    batch = make_events(counts=(1,) * MANY)
    shift = Translation((1.0, 5.0, 0.0)).draw(batch, generator(1)).event["shift"].double()
    assert float(shift[:, 0].abs().max()) <= 1.0
    assert float(shift[:, 1].abs().max()) <= 5.0
    assert bool((shift[:, 2] == 0).all())
    for axis, distance in ((0, 1.0), (1, 5.0)):
        sigma = distance / math.sqrt(3)
        assert abs(float(shift[:, axis].mean())) < 5 * sigma / math.sqrt(MANY)
        square = shift[:, axis].pow(2)
        assert abs(float(square.mean()) - sigma**2) < 5 * float(square.std()) / math.sqrt(MANY)


def test_translation_moves_an_event_as_a_whole():
    batch = make_events(counts=(7, 1, 3))
    view, draws = Translation(2.0).view(batch, generator(1))
    assert torch.equal(view.pos, batch.pos + draws.event["shift"][batch.batch])
    assert torch.equal(view.x, batch.x)
    assert len(set(draws.event["shift"].flatten().tolist())) == 9


def test_jitter_is_normal_per_hit_and_axis():
    batch = make_events(counts=(MANY,))
    view, _ = PositionJitter((0.3, 1.0, 0.0)).view(batch, generator(1))
    moved = (view.pos - batch.pos).double()
    assert bool((moved[:, 2] == 0).all())
    for axis, sigma in ((0, 0.3), (1, 1.0)):
        assert abs(float(moved[:, axis].mean())) < 5 * sigma / math.sqrt(MANY)
        assert abs(float(moved[:, axis].std()) - sigma) < 5 * sigma / math.sqrt(2 * MANY)
    assert abs(float((moved[:, 0] * moved[:, 1]).mean())) < 5 * 0.3 / math.sqrt(MANY)


@pytest.mark.parametrize(
    "augmentation", [Translation(1.0, probability=0.5), PositionJitter(probability=0.5)]
)
def test_half_the_events(augmentation):
    batch = make_events(counts=(3, 1, 0, 2) * 20)
    view, draws = augmentation.view(batch, generator(1))
    assert torch.equal((view.pos != batch.pos).any(1), draws.active[batch.batch])
    assert 10 < int(draws.active.sum()) < 70


@pytest.mark.parametrize("make", [Translation, PositionJitter])
@pytest.mark.parametrize("value", [-1.0, (1.0, 2.0), (1.0, -2.0, 3.0), math.inf, "far"])
def test_wrong_arguments(make, value):
    with pytest.raises(SettingsError, match=make.__name__):
        make(value)
