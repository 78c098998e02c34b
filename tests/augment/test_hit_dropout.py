from __future__ import annotations

import math

import pytest
import torch

from hitclr.augment import HitDropout, Normal
from hitclr.errors import SettingsError
from hitclr.events import counts_from_ptr
from hitclr.rng import generator
from hitclr.testing import make_events

MANY = 20_000


@pytest.mark.parametrize("fraction", [0.1, 0.5])
def test_the_share_of_dropped_hits(fraction):
    batch = make_events(counts=(MANY // 2, MANY // 2))
    view, _ = HitDropout(fraction).view(batch, generator(1))
    dropped = 1 - view.pos.size(0) / MANY
    assert abs(dropped - fraction) < 5 * math.sqrt(fraction * (1 - fraction) / MANY)


def test_a_range_is_drawn_per_event():
    batch = make_events(counts=(500,) * 20)
    view, draws = HitDropout((0.2, 0.8)).view(batch, generator(1))
    kept = counts_from_ptr(view.ptr) / 500
    assert float(draws.event["fraction"].std()) > 0.1
    assert (kept - (1 - draws.event["fraction"])).abs().max() < 5 * math.sqrt(0.25 / 500)


def test_kept_hits_keep_all_their_columns_in_order():
    batch = make_events(counts=(50, 1, 30), hit_columns={"module": 1_000_000})
    view, draws = HitDropout(0.5).view(batch, generator(1))
    rows = [int((batch.hit_module == module).nonzero()) for module in view.hit_module]
    assert rows == sorted(rows)
    assert torch.equal(view.pos, batch.pos[rows])
    assert torch.equal(view.x, batch.x[rows])
    assert torch.equal(view.batch, batch.batch[rows])
    assert torch.equal(view.energy, batch.energy)
    assert bool((draws.hit["chance"][rows] >= 0.5).logical_or(batch.batch[rows] == 1).all())


def test_the_luckiest_hit_stays_when_all_would_go():
    batch = make_events(counts=(6, 1, 4))
    view, draws = HitDropout(1.0).view(batch, generator(1))
    assert counts_from_ptr(view.ptr).tolist() == [1, 1, 1]
    chances = draws.hit["chance"].split([6, 1, 4])
    offsets = (0, 6, 7)
    best = [offset + int(c.argmax()) for offset, c in zip(offsets, chances, strict=True)]
    assert torch.equal(view.pos, batch.pos[best])


def test_half_the_events():
    batch = make_events(counts=(40,) * 50)
    view, draws = HitDropout(0.5, probability=0.5).view(batch, generator(1))
    changed = counts_from_ptr(view.ptr) < 40
    assert torch.equal(changed, draws.active)
    assert 5 < int(changed.sum()) < 45


@pytest.mark.parametrize("fraction", [-0.1, 1.1, (0.5, 2.0), Normal(mean=0.1, deviation=0.1)])
def test_a_fraction_outside_0_to_1_is_refused(fraction):
    with pytest.raises(SettingsError, match=r"HitDropout, fraction.*between 0 and 1"):
        HitDropout(fraction)
