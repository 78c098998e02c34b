"""The ragged helpers against plain Python loops."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hitclr.events import (
    batch_from_ptr,
    counts_from_ptr,
    gather_index,
    interleave,
    ptr_after_mask,
    ptr_from_counts,
    rows_where,
)
from hitclr.events.ragged import join_ptrs, take_rows

FEW = settings(max_examples=50, deadline=None)
COUNTS = st.lists(st.integers(0, 5), max_size=8)


def _ptr(counts: list[int]) -> torch.Tensor:
    offsets = [0]
    for count in counts:
        offsets.append(offsets[-1] + count)
    return torch.tensor(offsets)


@FEW
@given(COUNTS)
def test_offsets_and_counts_are_inverse(counts):
    ptr = ptr_from_counts(torch.tensor(counts, dtype=torch.int64))
    assert ptr.dtype == torch.int64
    assert ptr.tolist() == _ptr(counts).tolist()
    assert counts_from_ptr(ptr).tolist() == counts


def test_offsets_of_small_integer_counts_do_not_wrap():
    counts = torch.full((4,), 100, dtype=torch.int8)
    assert ptr_from_counts(counts).tolist() == [0, 100, 200, 300, 400]


@FEW
@given(st.lists(COUNTS, min_size=1, max_size=4))
def test_offsets_of_arrays_laid_end_to_end(arrays):
    joined = join_ptrs([_ptr(counts) for counts in arrays])
    assert joined.tolist() == _ptr([count for counts in arrays for count in counts]).tolist()


@FEW
@given(st.lists(st.booleans(), max_size=8))
def test_rows_where_a_mask_is_true(keep):
    rows = rows_where(torch.tensor(keep, dtype=torch.bool))
    assert rows.dtype == torch.int64
    assert rows.tolist() == [row for row, kept in enumerate(keep) if kept]


@FEW
@given(COUNTS)
def test_the_event_of_each_row(counts):
    expected = [event for event, count in enumerate(counts) for _ in range(count)]
    assert batch_from_ptr(_ptr(counts)).tolist() == expected


@FEW
@given(COUNTS.filter(bool), st.data())
def test_gather_takes_events_in_any_order_with_repetitions(counts, data):
    events = data.draw(st.lists(st.integers(0, len(counts) - 1), max_size=10))
    ptr = _ptr(counts)
    rows, new = gather_index(ptr, torch.tensor(events, dtype=torch.int64))
    expected = [row for event in events for row in range(int(ptr[event]), int(ptr[event + 1]))]
    assert rows.tolist() == expected
    assert new.tolist() == _ptr([counts[event] for event in events]).tolist()


@FEW
@given(COUNTS, st.data())
def test_offsets_after_rows_are_dropped(counts, data):
    total = sum(counts)
    keep = data.draw(st.lists(st.booleans(), min_size=total, max_size=total))
    left, start = [], 0
    for count in counts:
        left.append(sum(keep[start : start + count]))
        start += count
    got = ptr_after_mask(_ptr(counts), torch.tensor(keep, dtype=torch.bool))
    assert got.tolist() == _ptr(left).tolist()


@FEW
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=8))
def test_interleave_puts_the_second_rows_behind_the_first_event_by_event(pairs):
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    expected: list[int] = []
    one, two = 0, sum(first)
    for a, b in pairs:
        expected += [*range(one, one + a), *range(two, two + b)]
        one, two = one + a, two + b
    rows, ptr = interleave(_ptr(first), _ptr(second))
    assert rows.tolist() == expected
    assert ptr.tolist() == _ptr([a + b for a, b in pairs]).tolist()


@pytest.mark.parametrize("shape", [(), (0,), (1,), (3,), (1, 1)])
@pytest.mark.parametrize("number", [0, 4])
def test_rows_of_a_column_of_any_width(shape, number):
    column = torch.arange(5.0).view(5, *(1 for _ in shape)).expand(5, *shape)
    rows = torch.tensor([4, 0, 4, 2])[:number]
    taken = take_rows(column, rows)
    assert taken.shape == (number, *shape)
    assert taken.equal(column[rows])


def test_rows_hand_gradients_on():
    column = torch.arange(3.0)[:, None].requires_grad_()
    take_rows(column, torch.tensor([2, 2, 0])).sum().backward()
    assert column.grad.flatten().tolist() == [1, 0, 2]
