"""PyG batches from flat columns, never from a Python list of events.

The batches are ordinary `torch_geometric.data.Batch` objects: PyG modules run on them and
``to_data_list()`` takes them apart. Only how they are made differs, by slicing and gathering whole
columns at once.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Batch
from torch_geometric.data.storage import GlobalStorage

from hitclr import fields
from hitclr.errors import SchemaError, did_you_mean
from hitclr.events.names import FeatureNames
from hitclr.events.ragged import (
    batch_from_ptr,
    counts_from_ptr,
    gather_index,
    join_ptrs,
    repeat_values,
    take_rows,
)

__all__ = [
    "concat_batches",
    "cut_events",
    "event_fields",
    "feature_index",
    "feature_names",
    "hit_fields",
    "make_batch",
    "regroup_events",
    "replace_hits",
    "select_events",
    "with_edges",
]


# PyG makes the class of a batch anew, with a look at all signatures, whenever it is called.
_BATCH_OF_DATA: Any = type(Batch())


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
    slices = ptr.cpu()
    _require_rows(hits, events, int(slices[-1]), ptr.numel() - 1)
    return _made(hits, events, ptr, slices, batch_from_ptr(ptr), FeatureNames(names))


def _require_rows(
    hits: Mapping[str, Tensor], events: Mapping[str, Tensor], num_hits: int, num_events: int
) -> None:
    for level, columns, length in (("hit", hits, num_hits), ("event", events, num_events)):
        for name, column in columns.items():
            if column.size(0) != length or fields.is_hit_field(name) != (level == "hit"):
                message = (
                    f"expected a {level} column of {length} rows, got {name!r} with "
                    f"{column.size(0)}; hit columns are pos, x and those named hit_*"
                )
                raise ValueError(message)


def _made(
    hits: Mapping[str, Tensor],
    events: Mapping[str, Tensor],
    ptr: Tensor,
    slices: Tensor,
    owner: Tensor,
    names: FeatureNames,
) -> Batch:
    """The batch of columns that fit, with ``slices``, which is ``ptr`` on the CPU."""
    num_events = ptr.numel() - 1
    own = {fields.BATCH: owner, fields.PTR: ptr, fields.FEATURE_NAMES: names}
    # What PyG's collate records, on the CPU, so that `to_data_list()` can undo it.
    steps, still = _event_slices(num_events)
    per_event = [*events, fields.FEATURE_NAMES]
    return _filled(
        {**hits, **events, **own},
        num_events,
        {**dict.fromkeys(hits, slices), **dict.fromkeys(per_event, steps)},
        dict.fromkeys([*hits, *per_event], still),
    )


def _filled(
    content: dict[str, Any], number: int, slices: dict[str, Tensor], shifts: dict[str, Tensor]
) -> Batch:
    """A batch with this content. PyG's constructor and its copy take longer than small batches."""
    batch: Batch = _BATCH_OF_DATA.__new__(_BATCH_OF_DATA)
    store = GlobalStorage.__new__(GlobalStorage)
    store.__dict__.update(_mapping=content, _parent=weakref.ref(batch))
    batch.__dict__.update(_store=store, _num_graphs=number, _slice_dict=slices, _inc_dict=shifts)
    return batch


@lru_cache(maxsize=256)
def _event_slices(number: int) -> tuple[Tensor, Tensor]:
    """The slices [B+1] of columns with one row an event, and by how much each is shifted [B]."""
    still = torch.zeros(number, dtype=torch.int64, device="cpu")
    return torch.arange(number + 1, device="cpu"), still


def _content(batch: Batch) -> Mapping[str, Any]:
    """What a batch has, by name; PyG's own way to it takes longer than small batches are worth."""
    content: Mapping[str, Any] = batch._store._mapping
    return content


def hit_fields(batch: Batch) -> dict[str, Tensor]:
    """The hit-level columns of a batch [N, ...], without the event index ``batch``."""
    return {
        name: value
        for name, value in _content(batch).items()
        if fields.is_hit_field(name) and name != fields.BATCH and value is not None
    }


def event_fields(batch: Batch) -> dict[str, Tensor]:
    """The event-level columns of a batch [B, ...]: labels, ids, domain, observers.

    Raises:
        SchemaError: a tensor of the batch is none of: a hit column, named as such; an edge
            attribute, named ``edge_*``; a column with one row per event.
    """
    columns = {
        name: value
        for name, value in _content(batch).items()
        if name != fields.PTR
        and isinstance(value, Tensor)
        and not fields.is_hit_field(name)
        and not name.startswith("edge_")
    }
    for name, value in columns.items():
        if value.dim() == 0 or value.size(0) != batch.num_graphs:
            message = (
                f"expected {name!r} to have one row for each of {batch.num_graphs} events, its "
                f"shape is {tuple(value.shape)}. Hit columns other than pos and x are named "
                f"{fields.HIT_PREFIX}*, edge columns edge_*; rename it, or drop it first"
            )
            raise SchemaError(message)
    return columns


def feature_names(batch: Batch) -> tuple[str, ...]:
    """The names of the columns of ``x``; empty where the batch does not carry them."""
    names: Any = _content(batch).get(fields.FEATURE_NAMES, ())
    if isinstance(names, FeatureNames):
        return names.names
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
    if ptr is None and _only_replaces(batch, hits):
        return _filled(
            {**_content(batch), **hits},
            batch.num_graphs,
            dict(batch._slice_dict),
            dict(batch._inc_dict),
        )
    columns = {**hit_fields(batch), **hits}
    return make_batch(
        columns, event_fields(batch), batch.ptr if ptr is None else ptr, feature_names(batch)
    )


def _only_replaces(batch: Batch, hits: Mapping[str, Tensor]) -> bool:
    """Whether a batch is as `make_batch` makes it, and has all these columns of this length."""
    content = _content(batch)
    if not isinstance(content.get(fields.FEATURE_NAMES), FeatureNames):
        return False
    if fields.EDGE_INDEX in content:
        return False
    rows = content[fields.BATCH].numel()
    return content.keys() == batch._slice_dict.keys() | {fields.BATCH, fields.PTR} and all(
        name in content and fields.is_hit_field(name) and column.size(0) == rows
        for name, column in hits.items()
    )


def select_events(batch: Batch, events: Tensor) -> Batch:
    """A new batch of the chosen events, in the order of ``events`` [K] int64, without edges."""
    return regroup_events([batch], events, [events.numel()])[0]


def cut_events(batch: Batch, sizes: Sequence[int]) -> list[Batch]:
    """Cut a batch into batches of so many events, in order, without edges; nothing is copied.

    Raises:
        ValueError: the sizes do not add up to the events of the batch.
    """
    return _cut(hit_fields(batch), event_fields(batch), batch.ptr, sizes, feature_names(batch))


def concat_batches(*batches: Batch) -> Batch:
    """A new batch with the events of all, one batch after the other, without edges.

    Raises:
        ValueError: they do not have the same columns and features, or there are none.
    """
    return make_batch(*_joined(batches), feature_names(batches[0]))


def regroup_events(batches: Sequence[Batch], events: Tensor, sizes: Sequence[int]) -> list[Batch]:
    """Batches of the chosen events of several batches; hits are moved once.

    It is what `concat_batches`, `select_events` and `cut_events` one after the other would make.

    Args:
        batches: the batches to take events from, with the same columns and features.
        events: [K] int64, which events, counted through all batches; any order, repetitions
            allowed.
        sizes: how many of them each new batch has, in order; K together.

    Returns:
        The new batches, without edges.

    Raises:
        ValueError: the batches do not have the same columns and features, there are none, or the
            sizes do not add up to K.
    """
    return _cut(*_taken(batches, events), sizes, feature_names(batches[0]))


def _taken(
    batches: Sequence[Batch], events: Tensor
) -> tuple[dict[str, Tensor], dict[str, Tensor], Tensor]:
    """The hit columns, the event columns and the offsets of some events of several batches.

    A function of its own, so that the memory of what only leads there is free again after it.
    """
    hits, rest, old = _joined(batches)
    rows, ptr = gather_index(old, events)
    return (
        {name: take_rows(column, rows) for name, column in hits.items()},
        {name: column.index_select(0, events) for name, column in rest.items()},
        ptr,
    )


def _cut(
    hits: Mapping[str, Tensor],
    events: Mapping[str, Tensor],
    ptr: Tensor,
    sizes: Sequence[int],
    names: Sequence[str],
) -> list[Batch]:
    """Batches of so many events each, slices of these columns."""
    slices = ptr.cpu().numpy()
    ends = list(itertools.accumulate(sizes, initial=0))
    if ends[-1] != slices.size - 1:
        message = f"expected sizes that add up to {slices.size - 1} events, got {list(sizes)}"
        raise ValueError(message)
    offsets = slices[ends].tolist()
    lengths = [high - low for low, high in itertools.pairwise(offsets)]
    within = torch.cat([torch.arange(size, device=ptr.device) for size in [*sizes, 0]])
    owners = torch.split(repeat_values(within, counts_from_ptr(ptr)), lengths)
    per_hit = {name: torch.split(column, lengths) for name, column in hits.items()}
    per_event = {name: torch.split(column, list(sizes)) for name, column in events.items()}
    shared = FeatureNames(names)
    made = []
    for number, (first, last) in enumerate(itertools.pairwise(ends)):
        own = torch.from_numpy(slices[first : last + 1] - offsets[number])
        made.append(
            _made(
                {name: pieces[number] for name, pieces in per_hit.items()},
                {name: pieces[number] for name, pieces in per_event.items()},
                own.to(ptr.device),
                own,
                owners[number],
                shared,
            )
        )
    return made


def _joined(batches: Sequence[Batch]) -> tuple[dict[str, Tensor], dict[str, Tensor], Tensor]:
    """The hit columns, the event columns and the offsets of all batches together."""
    _require_alike(batches)
    first = batches[0]
    if len(batches) == 1:
        return hit_fields(first), event_fields(first), _content(first)[fields.PTR]
    contents = [_content(batch) for batch in batches]
    ptr = join_ptrs([content[fields.PTR] for content in contents])
    hits, events = (
        {name: torch.cat([content[name] for content in contents]) for name in columns(first)}
        for columns in (hit_fields, event_fields)
    )
    _require_rows(hits, events, int(ptr[-1]), ptr.numel() - 1)
    return hits, events, ptr


def _require_alike(batches: Sequence[Batch]) -> None:
    if not batches:
        message = "expected at least one batch to join, got none"
        raise ValueError(message)
    first, *others = batches
    names, content = feature_names(first), _content(first)
    for other in others:
        if feature_names(other) != names:
            message = (
                f"batches with different features cannot be joined: {list(names)} and "
                f"{list(feature_names(other))}"
            )
            raise ValueError(message)
        if _content(other).keys() == content.keys():
            continue
        for columns in (hit_fields, event_fields):
            one, two = columns(first), columns(other)
            if one.keys() != two.keys():
                message = (
                    f"batches with different columns cannot be joined: {sorted(one)} and "
                    f"{sorted(two)}"
                )
                raise ValueError(message)


def with_edges(batch: Batch, edge_index: Tensor) -> Batch:
    """The batch with ``edge_index`` set, so that ``to_data_list()`` splits the edges too.

    Args:
        batch: the batch; it is not changed.
        edge_index: [2, E] int64, neighbour -> hit in rows of the batch. Both ends of an edge lie
            in one event.

    Returns:
        A shallow copy of the batch, with the edges ordered by the hit that they point to. Edges
        that come in this order are taken as they are.
    """
    target = edge_index[1].contiguous()
    if not bool((target[1:] >= target[:-1]).all()):
        target, order = torch.sort(target, stable=True)
        edge_index = edge_index[:, order]
    made: Batch = replace_hits(batch, {})
    made.edge_index = edge_index
    made._slice_dict[fields.EDGE_INDEX] = torch.searchsorted(target, batch.ptr).cpu()
    made._inc_dict[fields.EDGE_INDEX] = batch.ptr[:-1].cpu()
    return made
