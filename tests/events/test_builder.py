"""A store that is put together part by part."""

from __future__ import annotations

import pytest
import torch

from hitclr.events import EventStore, StoreBuilder, ptr_from_counts
from hitclr.testing import make_events


def _store(counts, seed=0, features=("charge", "time"), clusters=None):
    batch = make_events(seed, counts, features)
    hits = {name: batch[name] for name in ("pos", "x", "hit_module")}
    events = {name: batch[name] for name in ("y", "event_id", "domain", "energy")}
    return EventStore(
        hits,
        events,
        batch.ptr,
        features,
        position_unit="m",
        files=("a.root",),
        clusters=None if clusters is None else torch.tensor(clusters),
    )


def _built(stores):
    builder = StoreBuilder()
    for store in stores:
        builder.append(store)
    return builder.build()


def _require_same(whole, stores):
    counts = torch.cat([store.hits_per_event() for store in stores])
    assert torch.equal(whole.ptr, ptr_from_counts(counts))
    for level in ("hits", "events"):
        for name, column in getattr(whole, level).items():
            expected = torch.cat([getattr(store, level)[name] for store in stores])
            assert column.dtype == expected.dtype
            assert torch.equal(column, expected), name


@pytest.mark.parametrize(
    "sizes",
    [
        [(2, 0), (), (3,)],
        [(), (2,), ()],
        [(0, 0), (1,)],
        [(1,), *[(9, 4, 1)] * 30],  # more than there was room for
    ],
)
def test_parts_stand_one_behind_the_other(sizes):
    stores = [_store(counts, seed) for seed, counts in enumerate(sizes)]
    whole = _built(stores)
    _require_same(whole, stores)
    assert whole.files == ("a.root",)
    assert whole.position_unit == "m"
    last = whole.batch(torch.tensor([len(whole) - 1]))
    assert torch.equal(last.pos, whole.hits["pos"][whole.ptr[-2] :])


def test_clusters_stay_and_a_part_without_is_one():
    whole = _built([_store((1, 1, 1), clusters=[0, 2, 3]), _store((1, 2))])
    assert whole.clusters.tolist() == [0, 2, 3, 5]


def test_parts_may_change_afterwards():
    part = _store((2, 1))
    builder = StoreBuilder()
    builder.append(part)
    kept = part.hits["pos"].clone()
    part.hits["pos"].zero_()
    assert torch.equal(builder.build().hits["pos"], kept)


def test_what_came_after_a_mark_can_be_taken_back():
    first, second, third = (_store((2, seed), seed) for seed in range(3))
    builder = StoreBuilder()
    start = builder.mark()
    builder.append(first)
    mark = builder.mark()
    builder.append(second)
    builder.rewind(mark)
    builder.append(third)
    assert builder.mark() == (4, 6, 2)
    _require_same(builder.build(), [first, third])
    builder = StoreBuilder()
    builder.append(first)
    builder.rewind(start)
    builder.append(third)
    whole = builder.build()
    _require_same(whole, [third])
    assert whole.clusters.tolist() == [0, 2]


def test_room_that_was_not_needed_is_given_back():
    whole = _built([_store((5, 5))])
    assert whole.hits["pos"].untyped_storage().nbytes() == 10 * 3 * 4


def test_nothing_other_columns_other_features_and_other_types_are_refused():
    with pytest.raises(ValueError, match="at least one"):
        StoreBuilder().build()
    store = _store((2,))
    other = EventStore({"pos": store.hits["pos"]}, store.events, store.ptr, ("charge", "time"))
    with pytest.raises(ValueError, match="different columns"):
        _built([store, other])
    with pytest.raises(ValueError, match=r"different features.*charge.*time.*time.*charge"):
        _built([store, _store((2,), features=("time", "charge"))])
    double = EventStore(
        {**store.hits, "pos": store.hits["pos"].double()},
        store.events,
        store.ptr,
        ("charge", "time"),
    )
    with pytest.raises(ValueError, match="float32 goes on with float64"):
        _built([store, double])
