"""The event store against picking events out one by one."""

from __future__ import annotations

import torch

from hitclr.events import EventStore, feature_names
from hitclr.testing import make_events


def _store(counts, seed=0, features=("charge", "time")):
    batch = make_events(seed, counts, features)
    hits = {name: batch[name] for name in ("pos", "x", "hit_module")}
    events = {name: batch[name] for name in ("y", "event_id", "domain", "energy")}
    return EventStore(hits, events, batch.ptr, features, position_unit="m", files=("a.root",))


def test_length_hits_and_labels():
    store = _store((4, 0, 1))
    assert len(store) == 3
    assert store.num_hits == 5
    assert store.hits_per_event().tolist() == [4, 0, 1]
    assert torch.equal(store.labels, store.events["y"])


def test_a_batch_has_the_chosen_events_in_order():
    counts = (4, 0, 1, 3)
    store = _store(counts)
    batch = store.batch(torch.tensor([3, 0, 3]))
    assert feature_names(batch) == ("charge", "time")
    for part, event in zip(batch.to_data_list(), (3, 0, 3), strict=True):
        hits = slice(sum(counts[:event]), sum(counts[: event + 1]))
        for name, column in store.hits.items():
            assert torch.equal(part[name], column[hits])
        for name, column in store.events.items():
            assert torch.equal(part[name], column[event : event + 1])


def test_changing_a_batch_does_not_change_the_store():
    store = _store((2, 3))
    kept = store.hits["pos"].clone()
    batch = store.batch(torch.arange(2))
    batch.pos.zero_()
    batch.y.fill_(7)
    assert torch.equal(store.hits["pos"], kept)
    assert int(store.labels.max()) < 7


def test_select_then_batch_is_batch():
    store = _store((2, 3, 1))
    chosen = torch.tensor([2, 1])
    part = store.select(chosen)
    assert part.position_unit == "m"
    direct, through = store.batch(chosen), part.batch(torch.arange(2))
    for name in ("pos", "x", "hit_module", "y", "event_id", "energy", "ptr", "batch"):
        assert torch.equal(direct[name], through[name]), name


def test_stores_compare_by_identity():
    store = _store((2,))
    assert store == store  # comparing the tensors would raise
    assert store != _store((2,))
    assert len({store}) == 1
