"""PyG batches from flat columns, never from a Python list of events.

The batches are ordinary `torch_geometric.data.Batch` objects: PyG modules run on them and
``to_data_list()`` takes them apart. Only how they are made differs, by slicing and gathering whole
columns at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Batch

from hitclr import fields
from hitclr.errors import SchemaError, did_you_mean
from hitclr.events.ragged import batch_from_ptr, gather_index

__all__ = [
    "concat_batches",
    "event_fields",
    "feature_index",
    "feature_names",
    "hit_fields",
    "make_batch",
    "replace_hits",
    "select_events",
    "with_edges",
]


def make_batch(
    hits: Mapping[str, Tensor],
    events: Mapping[str, Tensor],
    ptr: Tensor,
    names: Sequence[str],
) -> Batch:
    """Make a batch from hit columns and event columns.

    Args:
        hits: hit-level columns [N, ...]: ``pos``, ``x`` and any named ``hit_*``.
        events: event-level columns [B, ...].
        ptr: [B+1] int64, the offsets of the events in the hit columns.
        names: [F] names of the columns of ``x``.

    Returns:
        A batch with ``batch``, ``ptr`` and ``feature_names`` set, which ``to_data_list()`` can
        take apart.

    Raises:
        ValueError: a column's length does not match ``ptr``, or a name is not one of its level.
    """
    num_hits, num_events = int(ptr[-1]), ptr.numel() - 1
    for level, columns, length in (("hit", hits, num_hits), ("event", events, num_events)):
        for name, column in columns.items():
            if column.size(0) != length or fields.is_hit_field(name) != (level == "hit"):
                message = (
                    f"expected a {level} column of {length} rows, got {name!r} with "
                    f"{column.size(0)}; hit columns are pos, x and those named hit_*"
                )
                raise ValueError(message)
    batch: Batch = Batch(**hits, **events)
    batch.batch = batch_from_ptr(ptr)
    batch.ptr = ptr
    batch.feature_names = list(names)
    # What PyG's collate records, so that `to_data_list()` can undo it.
    steps = torch.arange(num_events + 1)
    slices = ptr.cpu()
    still = torch.zeros(num_events, dtype=torch.int64)
    batch._num_graphs = num_events
    batch._slice_dict = {**dict.fromkeys(hits, slices), **dict.fromkeys(events, steps)}
    batch._inc_dict = dict.fromkeys([*hits, *events], still)
    return batch


def hit_fields(batch: Batch) -> dict[str, Tensor]:
    """The hit-level columns of a batch [N, ...], without the event index ``batch``."""
    return {
        name: batch[name]
        for name in batch.keys()  # noqa: SIM118 - a PyG batch iterates over pairs
        if fields.is_hit_field(name) and name != fields.BATCH
    }


def event_fields(batch: Batch) -> dict[str, Tensor]:
    """The event-level columns of a batch [B, ...]: labels, ids, domain, observers."""
    other = (fields.PTR, fields.EDGE_INDEX, fields.FEATURE_NAMES)
    return {
        name: value
        for name, value in batch.to_dict().items()
        if isinstance(value, Tensor) and not fields.is_hit_field(name) and name not in other
        and value.dim() > 0 and value.size(0) == batch.num_graphs
    }


def feature_names(batch: Batch) -> tuple[str, ...]:
    """The names of the columns of ``x``; empty where the batch does not carry them."""
    names: Any = getattr(batch, fields.FEATURE_NAMES, ())
    if names and not isinstance(names[0], str):  # PyG's own collate makes a list of lists
        names = names[0]
    return tuple(names)


def feature_index(batch: Batch, name: str) -> int:
    """The column of ``x`` that is called ``name``.

    Raises:
        SchemaError: the batch has no such feature.
    """
    names = feature_names(batch)
    if name not in names:
        message = (
            f"expected a hit feature named {name!r}, the batch has {list(names)}. "
            f"{did_you_mean(name, names)}"
        )
        raise SchemaError(message)
    return names.index(name)


def replace_hits(batch: Batch, hits: Mapping[str, Tensor], ptr: Tensor | None = None) -> Batch:
    """A new batch with some hit columns replaced, everything else shared.

    Args:
        batch: the batch to start from; it is not changed.
        hits: the new hit columns. Those not named keep their rows, so all must be named when
            ``ptr`` changes the number of hits.
        ptr: [B+1] int64, the new offsets; without it the old ones stand.

    Returns:
        The new batch. Edges are left behind: they belong to the old hits.
    """
    columns = {**hit_fields(batch), **hits}
    return make_batch(
        columns, event_fields(batch), batch.ptr if ptr is None else ptr, feature_names(batch)
    )


def select_events(batch: Batch, events: Tensor) -> Batch:
    """A new batch of the chosen events, in the order of ``events`` [K] int64, without edges."""
    rows, ptr = gather_index(batch.ptr, events)
    hits = {name: column[rows] for name, column in hit_fields(batch).items()}
    rest = {name: column[events] for name, column in event_fields(batch).items()}
    return make_batch(hits, rest, ptr, feature_names(batch))


def concat_batches(first: Batch, second: Batch) -> Batch:
    """A new batch with the events of ``first``, then those of ``second``, without edges.

    Both must have the same columns.
    """
    other = hit_fields(second)
    hits = {name: torch.cat([column, other[name]]) for name, column in hit_fields(first).items()}
    other = event_fields(second)
    rest = {name: torch.cat([column, other[name]]) for name, column in event_fields(first).items()}
    ptr = torch.cat([first.ptr, second.ptr[1:] + first.ptr[-1]])
    return make_batch(hits, rest, ptr, feature_names(first))


def with_edges(batch: Batch, edge_index: Tensor) -> Batch:
    """The batch with ``edge_index`` set, so that ``to_data_list()`` splits the edges too.

    Args:
        batch: the batch; it is not changed.
        edge_index: [2, E] int64, neighbour -> hit in rows of the batch. Both ends of an edge lie
            in one event.

    Returns:
        A shallow copy of the batch, with the edges ordered by the hit that they point to.
    """
    order = torch.argsort(edge_index[1], stable=True)
    edge_index = edge_index[:, order]
    owner = batch.batch[edge_index[1]]
    counts = torch.bincount(owner, minlength=batch.num_graphs)
    made: Batch = replace_hits(batch, {})
    made.edge_index = edge_index
    slices = torch.zeros(batch.num_graphs + 1, dtype=torch.int64)
    torch.cumsum(counts.cpu(), 0, out=slices[1:])
    made._slice_dict[fields.EDGE_INDEX] = slices
    made._inc_dict[fields.EDGE_INDEX] = batch.ptr[:-1].cpu()
    return made

