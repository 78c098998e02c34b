"""Dropping and adding hits of whole batches, with at least one hit left per event."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch_geometric.data import Batch
from torch_geometric.utils import scatter

from hitclr.errors import AugmentationError
from hitclr.events import (
    counts_from_ptr,
    hit_fields,
    interleave,
    replace_hits,
    rows_where,
    take_rows,
)

__all__ = ["add_hits", "drop_hits"]


def drop_hits(batch: Batch, keep: Tensor, rank: Tensor) -> Batch:
    """Keep the hits where ``keep`` is true, and the best of an event that would lose them all.

    Args:
        batch: the events; they are not changed.
        keep: [N] bool.
        rank: [N] float, finite; of an event without a kept hit, the one with the highest rank
            stays (the first of several).

    Returns:
        A new batch with fewer hits.
    """
    left = rows_where(keep)
    ptr = torch.searchsorted(left, batch.ptr)
    emptied = (counts_from_ptr(ptr) == 0) & (counts_from_ptr(batch.ptr) > 0)
    if bool(emptied.any()):
        left = rows_where(keep | _best(batch, rank, emptied))
        ptr = torch.searchsorted(left, batch.ptr)
    hits = {name: take_rows(column, left) for name, column in hit_fields(batch).items()}
    return replace_hits(batch, hits, ptr)


def _best(batch: Batch, rank: Tensor, events: Tensor) -> Tensor:
    """The hit of highest rank, the first of several, of each of some events: a mask [N] bool."""
    owner, number = batch.batch, batch.num_graphs
    best = scatter(rank, owner, dim_size=number, reduce="max")
    rows = torch.arange(rank.numel(), device=rank.device)
    candidates = torch.where(rank == best[owner], rows, rank.numel())
    first = scatter(candidates, owner, dim_size=number, reduce="min")
    # Looked up per hit, so that an event that never had a hit asks for none.
    chosen: Tensor = events[owner] & (rows == first[owner])
    return chosen


def add_hits(batch: Batch, hits: Mapping[str, Tensor], ptr: Tensor) -> Batch:
    """Append hits to events.

    Args:
        batch: the events; they are not changed.
        hits: every hit-level column of the batch [M, ...], with the new hits' values.
        ptr: [B+1] int64, the offsets of the events in them.

    Returns:
        A new batch in which each event has its old hits, then its new ones.

    Raises:
        AugmentationError: the new hits lack a column of the batch, or bring one that it lacks.
    """
    old = hit_fields(batch)
    if old.keys() != hits.keys():
        message = (
            f"new hits need a value for each hit column of the batch, {sorted(old)}; "
            f"these have {sorted(hits)}"
        )
        raise AugmentationError(message)
    rows, merged = interleave(batch.ptr, ptr)
    columns = {
        name: torch.cat([column, hits[name].to(column.dtype)])[rows] for name, column in old.items()
    }
    return replace_hits(batch, columns, merged)
