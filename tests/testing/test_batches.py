from __future__ import annotations

import torch

from hitclr.events import event_fields, feature_names, hit_fields
from hitclr.testing import make_events
from hitclr.testing.batches import first_hits, number_hits, repeat_events


def test_made_up_events_have_what_was_asked_for():
    batch = make_events(3, (4, 0, 2), ("a", "b", "c"), {"dom_id": 2, "channel": 31})
    assert batch.ptr.diff().tolist() == [4, 0, 2]
    assert feature_names(batch) == ("a", "b", "c")
    assert set(hit_fields(batch)) == {"pos", "x", "hit_dom_id", "hit_channel"}
    assert set(event_fields(batch)) == {"y", "event_id", "domain", "energy"}
    assert set(batch.hit_dom_id.tolist()) <= {0, 1}
    assert float(batch.x.min()) > 0
    assert (batch.pos.dtype, batch.x.dtype, batch.y.dtype) == (
        torch.float32,
        torch.float32,
        torch.int64,
    )


def test_the_seed_decides():
    one, again, other = make_events(1), make_events(1), make_events(2)
    assert torch.equal(one.pos, again.pos)
    assert torch.equal(one.hit_module, again.hit_module)
    assert not torch.equal(one.pos, other.pos)


def test_first_hits():
    batch = make_events(1, (4, 0, 1, 2))
    got = first_hits(batch, 2)
    assert got.ptr.diff().tolist() == [2, 0, 1, 2]
    assert torch.equal(got.pos, batch.pos[[0, 1, 4, 5, 6]])


def test_repeat_events():
    batch = make_events(1, (2, 1))
    got = repeat_events(batch, 2)
    assert torch.equal(got.pos, torch.cat([batch.pos, batch.pos]))
    assert got.event_id[:, 1].tolist() == [0, 1, 0, 1]


def test_number_hits():
    assert number_hits(make_events(1, (2, 1)), "hit_row").hit_row.tolist() == [0, 1, 2]
