"""Index arithmetic on ragged rows: events of different length laid end to end.

``ptr`` [B+1] int64 holds the offsets, as in PyG: event ``i`` owns the rows ``ptr[i]`` to
``ptr[i+1]``. Nothing here loops over events.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

__all__ = [
    "batch_from_ptr",
    "counts_from_ptr",
    "gather_index",
    "interleave",
    "join_ptrs",
    "ptr_after_mask",
    "ptr_from_counts",
    "repeat_values",
    "rows_where",
    "take_rows",
]


def ptr_from_counts(counts: Tensor) -> Tensor:
    """Offsets [B+1] from the number of rows of each event [B].

    >>> ptr_from_counts(torch.tensor([2, 0, 3])).tolist()
    [0, 2, 2, 5]
    """
    ptr = counts.new_zeros(counts.numel() + 1, dtype=torch.int64)
    torch.cumsum(counts, 0, out=ptr[1:])
    return ptr


def counts_from_ptr(ptr: Tensor) -> Tensor:
    """The number of rows of each event [B] from the offsets [B+1]."""
    return ptr.diff()


def join_ptrs(ptrs: Sequence[Tensor]) -> Tensor:
    """Offsets [B+1] of the events of several ragged arrays laid end to end, from theirs.

    >>> join_ptrs([torch.tensor([0, 2]), torch.tensor([0]), torch.tensor([0, 1, 1])]).tolist()
    [0, 2, 3, 3]
    """
    sizes = [ptr.numel() - 1 for ptr in ptrs]
    # Between two arrays is one step, back to 0, that is no event.
    steps = np.arange(sum(sizes)) + np.repeat(np.arange(len(sizes)), sizes)
    counts = torch.cat([*ptrs]).diff()
    return ptr_from_counts(counts.index_select(0, torch.from_numpy(steps).to(counts.device)))


def batch_from_ptr(ptr: Tensor) -> Tensor:
    """The event of each row [N] from the offsets [B+1].

    >>> batch_from_ptr(torch.tensor([0, 2, 2, 5])).tolist()
    [0, 0, 2, 2, 2]
    """
    events = torch.arange(ptr.numel() - 1, device=ptr.device)
    return repeat_values(events, counts_from_ptr(ptr))


def repeat_values(values: Tensor, counts: Tensor) -> Tensor:
    """Each value [B] as often as its count [B] int64 says; without a gradient.

    >>> repeat_values(torch.tensor([7, 8, 9]), torch.tensor([2, 0, 1])).tolist()
    [7, 7, 9]
    """
    if values.device.type != "cpu":
        return torch.repeat_interleave(values, counts)
    # numpy is several times faster at this than torch.
    return torch.from_numpy(np.repeat(values.numpy(), counts.numpy()))


def rows_where(keep: Tensor) -> Tensor:
    """The rows [M] int64 where ``keep`` [N] bool is true.

    >>> rows_where(torch.tensor([True, False, True])).tolist()
    [0, 2]
    """
    if keep.device.type != "cpu":
        return keep.nonzero().flatten()
    # numpy is several times faster at this than torch.
    return torch.from_numpy(np.flatnonzero(keep.numpy()))


def take_rows(column: Tensor, rows: Tensor) -> Tensor:
    """The ``rows`` [M] int64 of a column [N, ...]."""
    if column.dim() > 1 and column.numel() == column.size(0):
        # torch takes single numbers much faster than rows of one.
        return column.reshape(-1).index_select(0, rows).view(rows.numel(), *column.shape[1:])
    return column.index_select(0, rows)


def gather_index(ptr: Tensor, events: Tensor) -> tuple[Tensor, Tensor]:
    """The rows of the chosen events, in the order of ``events``.

    Args:
        ptr: [B+1] int64, offsets of all events.
        events: [K] int64, which events; any order, repetitions allowed.

    Returns:
        The row indices [M] and the offsets [K+1] of the chosen events in them.

    >>> rows, new = gather_index(torch.tensor([0, 2, 2, 5]), torch.tensor([2, 0]))
    >>> rows.tolist(), new.tolist()
    ([2, 3, 4, 0, 1], [0, 3, 5])
    """
    new = ptr_from_counts(counts_from_ptr(ptr).index_select(0, events))
    return _rows_of_runs(ptr.index_select(0, events), new), new


def ptr_after_mask(ptr: Tensor, keep: Tensor) -> Tensor:
    """Offsets [B+1] after the rows where ``keep`` [N] is false are dropped.

    >>> ptr_after_mask(torch.tensor([0, 2, 2, 5]), torch.tensor([1, 0, 1, 1, 0]).bool()).tolist()
    [0, 1, 1, 3]
    """
    kept = keep.new_zeros(keep.numel() + 1, dtype=torch.int64)
    torch.cumsum(keep, 0, out=kept[1:])
    return kept[ptr]


def interleave(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Merge two ragged arrays event by event: each event's first rows, then its second ones.

    Args:
        first: [B+1] int64, offsets of the first array.
        second: [B+1] int64, offsets of the second array.

    Returns:
        An index [N+M] into the two arrays laid end to end (first, then second), and the offsets
        [B+1] of the merged events.

    >>> rows, ptr = interleave(torch.tensor([0, 2, 3]), torch.tensor([0, 0, 1]))
    >>> rows.tolist(), ptr.tolist()
    ([0, 1, 2, 3], [0, 2, 4])
    """
    counts = counts_from_ptr(first), counts_from_ptr(second)
    offset = int(first[-1])
    starts = torch.stack([first[:-1], second[:-1] + offset], 1).reshape(-1)
    both = ptr_from_counts(torch.stack(counts, 1).reshape(-1))
    return _rows_of_runs(starts, both), both[::2].clone()


def _rows_of_runs(starts: Tensor, ptr: Tensor) -> Tensor:
    """The rows [M] of runs laid end to end: from where each starts [B], and ``ptr`` [B+1]."""
    shifts, counts = starts - ptr[:-1], counts_from_ptr(ptr)
    if ptr.device.type != "cpu":
        rows = torch.repeat_interleave(shifts, counts)
        return rows.add_(torch.arange(rows.numel(), device=ptr.device))
    each = np.repeat(shifts.numpy(), counts.numpy())
    each += np.arange(each.size)
    return torch.from_numpy(each)
