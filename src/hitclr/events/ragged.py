"""Index arithmetic on ragged rows: events of different length laid end to end.

``ptr`` [B+1] int64 holds the offsets, as in PyG: event ``i`` owns the rows ``ptr[i]`` to
``ptr[i+1]``. Nothing here loops over events.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

__all__ = [
    "batch_from_ptr",
    "counts_from_ptr",
    "gather_index",
    "interleave",
    "ptr_after_mask",
    "ptr_from_counts",
    "repeat_values",
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
    return ptr[1:] - ptr[:-1]


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
    counts = counts_from_ptr(ptr)[events]
    new = ptr_from_counts(counts)
    rows = repeat_values(ptr[events] - new[:-1], counts)
    rows += torch.arange(rows.numel(), device=ptr.device)
    return rows, new


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
    rows = repeat_values(starts - both[:-1], counts_from_ptr(both))
    rows += torch.arange(rows.numel(), device=first.device)
    return rows, both[::2].clone()
