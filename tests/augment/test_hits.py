"""Dropping and adding hits against plain loops."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hitclr.augment import add_hits, drop_hits
from hitclr.errors import AugmentationError
from hitclr.testing import make_events

COUNTS = st.lists(st.integers(0, 4), min_size=1, max_size=6)
FEW = settings(max_examples=40, deadline=None)


@FEW
@given(COUNTS, st.data())
def test_drop_hits(counts, data):
    total = sum(counts)
    keep = data.draw(st.lists(st.booleans(), min_size=total, max_size=total))
    rank = data.draw(st.lists(st.integers(-2, 2), min_size=total, max_size=total))
    batch = make_events(1, counts)
    got = drop_hits(batch, torch.tensor(keep, dtype=torch.bool), torch.tensor(rank).float())
    rows: list[int] = []
    sizes = []
    start = 0
    for count in counts:
        mine = [row for row in range(start, start + count) if keep[row]]
        if not mine and count:
            mine = [max(range(start, start + count), key=lambda row: (rank[row], -row))]
        rows += mine
        sizes.append(len(mine))
        start += count
    assert got.ptr.diff().tolist() == sizes
    for name in ("pos", "x", "hit_module"):
        assert torch.equal(got[name], batch[name][rows])


def test_an_event_without_hits_rescues_no_hit_of_another():
    batch = make_events(1, (2, 0, 1))
    got = drop_hits(batch, torch.tensor([False, True, True]), torch.zeros(3))
    assert got.ptr.tolist() == [0, 1, 1, 2]
    assert torch.equal(got.pos, batch.pos[1:])


@FEW
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=6))
def test_add_hits(pairs):
    old = make_events(1, [a for a, _ in pairs])
    new = make_events(2, [b for _, b in pairs])
    hits = {name: new[name] for name in ("pos", "x", "hit_module")}
    got = add_hits(old, hits, new.ptr)
    joined = zip(got.to_data_list(), old.to_data_list(), new.to_data_list(), strict=True)
    for event, first, second in joined:
        for name in hits:
            assert torch.equal(event[name], torch.cat([first[name], second[name]]))
        assert torch.equal(event.energy, first.energy)


def test_new_hits_need_every_column():
    batch = make_events(1, (2,))
    hits = {"pos": torch.zeros(1, 3), "x": torch.zeros(1, 2)}
    with pytest.raises(AugmentationError, match="hit_module"):
        add_hits(batch, hits, torch.tensor([0, 1]))
