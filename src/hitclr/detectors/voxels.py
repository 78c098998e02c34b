"""Voxels: charge that falls into one place is summed."""

from __future__ import annotations

import torch
from torch import Tensor

from hitclr.events import ptr_from_counts

__all__ = ["pack_cells", "sum_cells", "unpack_cells"]

_BITS = 16
_HALF = 1 << (_BITS - 1)


def pack_cells(event: Tensor, cell: Tensor) -> Tensor:
    """One integer [M] int64 for each (event, cell), which sorts by event, then x, y, z.

    Args:
        event: [M] int64, 0 to 32767.
        cell: [M, 3] int64, the cell's place along x, y and z, each from -32768 to 32767.
    """
    shifted = cell + _HALF
    return (
        (event << (3 * _BITS))
        | (shifted[:, 0] << (2 * _BITS))
        | (shifted[:, 1] << _BITS)
        | shifted[:, 2]
    )


def unpack_cells(packed: Tensor) -> tuple[Tensor, Tensor]:
    """The event [M] and the cell [M, 3] of each integer that `pack_cells` made.

    >>> cell = torch.tensor([[-3, 0, 7]])
    >>> unpack_cells(pack_cells(torch.tensor([5]), cell))
    (tensor([5]), tensor([[-3,  0,  7]]))
    """
    mask = (1 << _BITS) - 1
    parts = [packed >> (2 * _BITS) & mask, packed >> _BITS & mask, packed & mask]
    return packed >> (3 * _BITS), torch.stack(parts, 1) - _HALF


def sum_cells(packed: Tensor, *amounts: Tensor) -> tuple[Tensor, ...]:
    """Sum what falls into one cell of one event.

    Args:
        packed: [M] int64, from `pack_cells`.
        amounts: [M] or [M, C], what to sum.

    Returns:
        The distinct integers [K], in order, and the sum of each of the amounts [K, ...]. Nothing
        is lost: the total stays.

    >>> sum_cells(torch.tensor([7, 3, 7]), torch.tensor([1.0, 2.0, 0.5]))
    (tensor([3, 7]), tensor([2.0000, 1.5000]))
    """
    sorted_cells, order = torch.sort(packed, stable=True)
    first = torch.ones_like(sorted_cells, dtype=torch.bool)
    first[1:] = sorted_cells[1:] != sorted_cells[:-1]
    place = torch.cumsum(first, 0) - 1
    count = int(place[-1]) + 1 if place.numel() else 0
    sums = [
        amount.new_zeros((count, *amount.shape[1:])).index_add_(
            0, place, amount.index_select(0, order)
        )
        for amount in amounts
    ]
    return (sorted_cells[first], *sums)


def offsets(event: Tensor, count: int) -> Tensor:
    """The offsets [B+1] of rows that are sorted by their event [K] int64, 0 to B-1."""
    return ptr_from_counts(torch.bincount(event, minlength=count))
