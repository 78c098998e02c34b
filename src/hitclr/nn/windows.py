"""The hits of each event along a curve, cut into windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch_geometric.data import Batch

from hitclr.events import counts_from_ptr, ptr_from_counts
from hitclr.nn.curves import hilbert_code, morton_code

__all__ = ["CURVES", "Windows", "canonical_order", "cut_windows", "grid_cells"]

_BITS = 12
_EVENT_BITS = 63 - 3 * _BITS

CURVES: tuple[tuple[Callable[[Tensor, int], Tensor], tuple[int, int, int]], ...] = (
    (hilbert_code, (0, 1, 2)),
    (morton_code, (0, 1, 2)),
    (hilbert_code, (2, 1, 0)),
    (morton_code, (2, 1, 0)),
)
"""Curves, each with the order in which it takes the axes."""


class Windows(NamedTuple):
    """Windows of hits that follow each other along a curve.

    Attributes:
        hit: [W, S] int64, the hit at each place of each window; any where there is none.
        filled: [W, S] bool, whether there is one.
        place: [N] int64, where each hit is in ``hit.flatten()``.
    """

    hit: Tensor
    filled: Tensor
    place: Tensor


def canonical_order(batch: Batch) -> Tensor:
    """An order [N] int64 of the hits by event, then position, then features.

    Hits that are equal in all of these can be exchanged, so nothing that is computed in this order
    depends on the order that they came in.
    """
    order = torch.arange(len(batch.pos), device=batch.pos.device)
    columns = [*batch.pos.unbind(1), *batch.x.unbind(1)]
    for column in reversed(columns):
        order = order[torch.argsort(column[order], stable=True)]
    ordered: Tensor = order[torch.argsort(batch.batch[order], stable=True)]
    return ordered


def grid_cells(pos: Tensor, event: Tensor, num_events: int) -> Tensor:
    """The cell [N, 3] int64 of each hit in a grid of 4096 a side on the cube around its event.

    Args:
        pos: [N, 3], positions.
        event: [N] int64, the event of each hit.
        num_events: the number B of events.
    """
    index = event[:, None].expand_as(pos)
    zeros = pos.new_zeros(num_events, 3)
    low = zeros.scatter_reduce(0, index, pos, "amin", include_self=False)
    high = zeros.scatter_reduce(0, index, pos, "amax", include_self=False)
    side = (high - low).amax(1, keepdim=True)
    side = torch.where(side > 0, side, 1.0)
    cell: Tensor = ((pos - low[event]) / side[event] * 2**_BITS).long()
    return cell.clamp(0, 2**_BITS - 1)


def cut_windows(
    cell: Tensor, event: Tensor, ptr: Tensor, size: int, curve: int, *, shift: int = 0
) -> Windows:
    """Cut each event's hits, in their order along a curve, into windows of one size.

    A window never has hits of two events. Only an event's last window can have empty places, and
    with a shift its first one.

    Args:
        cell: [N, 3] int64, from `grid_cells`.
        event: [N] int64, the event of each hit, in rising order.
        ptr: [B+1] int64, the offsets of the events in the hits.
        size: the number S of places of a window.
        curve: which of `CURVES`. Hits in one cell stay in their order.
        shift: the number of places that stay empty in an event's first window, less than ``size``.
    """
    code, axes = CURVES[curve]
    place = code(cell[:, list(axes)], _BITS)
    if ptr.numel() - 1 < 2**_EVENT_BITS:
        order = torch.argsort(place | event << (3 * _BITS), stable=True)
    else:
        order = torch.argsort(place, stable=True)
        order = order[torch.argsort(event[order], stable=True)]
    counts = counts_from_ptr(ptr)
    used = torch.where(counts > 0, (counts + shift + size - 1) // size, 0)
    first = ptr_from_counts(used)
    rank = torch.arange(len(event), device=event.device) - ptr[event]
    target = (first[event] * size + rank + shift)[: len(order)]
    hit = event.new_zeros(int(first[-1]) * size)
    hit[target] = order
    filled = torch.zeros_like(hit, dtype=torch.bool)
    filled[target] = True
    where = torch.empty_like(order)
    where[order] = target
    return Windows(hit.view(-1, size), filled.view(-1, size), where)
