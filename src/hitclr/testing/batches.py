"""Made-up batches for tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import torch
from torch_geometric.data import Batch

from hitclr import fields
from hitclr.events import (
    event_fields,
    feature_names,
    hit_fields,
    make_batch,
    ptr_after_mask,
    ptr_from_counts,
    replace_hits,
    select_events,
)
from hitclr.rng import generator

__all__ = [
    "crowded_event",
    "first_hits",
    "make_events",
    "number_hits",
    "regroup_hits",
    "repeat_events",
    "with_columns",
]

_MODULES: Mapping[str, int] = MappingProxyType({"module": 6})
_EXTENT = 20.0


def make_events(
    seed: int = 0,
    counts: Sequence[int] = (7, 1, 12, 3, 1, 9),
    features: Sequence[str] = ("charge", "time"),
    hit_columns: Mapping[str, int] = _MODULES,
) -> Batch:
    """Make a batch of random events on the CPU.

    Args:
        seed: the seed; the same arguments give the same batch.
        counts: the number of hits of each event.
        features: the names of the columns of ``x``; their values are positive.
        hit_columns: further integer columns of the hits, ``name: number of values``; in the batch
            they are called ``hit_<name>`` and hold 0 up to that number.

    Returns:
        A batch with ``pos``, ``x``, the hit columns, ``y`` (0 or 1), ``event_id``, ``domain`` and
        an observer ``energy``. Each event lies around a place of its own, so that a hit in the
        wrong event is noticed.

    >>> batch = make_events(counts=(2, 3))
    >>> batch.num_graphs, tuple(batch.pos.shape), tuple(batch.hit_module.shape)
    (2, (5, 3), (5,))
    """
    source = generator(seed, "make_events")
    ptr = ptr_from_counts(torch.tensor(list(counts), dtype=torch.int64))
    events, hits = len(counts), int(ptr[-1])
    owner = torch.repeat_interleave(torch.arange(events), ptr.diff())
    centres = _EXTENT * (2 * torch.rand(events, 3, generator=source) - 1)
    spread = torch.randn(hits, 3, generator=source)
    columns = {
        fields.POS: centres[owner] + spread,
        fields.X: 0.1 + torch.rand(hits, len(features), generator=source),
    }
    for name, number in hit_columns.items():
        columns[fields.HIT_PREFIX + name] = torch.randint(number, (hits,), generator=source)
    entries = torch.arange(events)
    return make_batch(
        columns,
        {
            fields.LABEL: torch.randint(2, (events,), generator=source),
            fields.EVENT_ID: torch.stack([torch.zeros_like(entries), entries], 1),
            fields.DOMAIN: torch.zeros(events, dtype=torch.int64),
            "energy": 1 + torch.rand(events, generator=source),
        },
        ptr,
        features,
    )


def first_hits(batch: Batch, most: int) -> Batch:
    """A new batch with at most ``most`` hits of each event, the first ones."""
    place = torch.arange(batch.pos.size(0), device=batch.ptr.device) - batch.ptr[batch.batch]
    keep = place < most
    hits = {name: column[keep] for name, column in hit_fields(batch).items()}
    return replace_hits(batch, hits, ptr_after_mask(batch.ptr, keep))


def repeat_events(batch: Batch, times: int) -> Batch:
    """A new batch with all events ``times`` times, one copy of the batch after the other."""
    events = torch.arange(batch.num_graphs, device=batch.ptr.device)
    return select_events(batch, events.repeat(times))


def number_hits(batch: Batch, name: str) -> Batch:
    """A new batch with a hit column ``name`` (``hit_*``) that holds each hit's row [N] int64."""
    return replace_hits(batch, {name: torch.arange(batch.pos.size(0), device=batch.ptr.device)})


def regroup_hits(batch: Batch, events: int, hits: int) -> Batch:
    """As many ``events`` of as many ``hits`` each, from the hits of a batch in their order.

    Where there are too few, they come again.
    """
    device = batch.ptr.device
    rows = torch.arange(events * hits, device=device) % batch.pos.size(0)
    owners = torch.arange(events, device=device) % batch.num_graphs
    return make_batch(
        {name: column[rows] for name, column in hit_fields(batch).items()},
        {name: column[owners] for name, column in event_fields(batch).items()},
        ptr_from_counts(torch.full((events,), hits, device=device)),
        feature_names(batch),
    )


def crowded_event(batch: Batch, hits: int) -> Batch:
    """One event of so many hits: those of a batch again and again, each time elsewhere nearby."""
    made = regroup_hits(batch, 1, hits)
    spread = batch.pos.std(0, correction=0)
    made.pos = made.pos + spread * torch.randn(hits, 3, generator=generator(0, "crowded_event"))
    return made


def with_columns(batch: Batch, names: Iterable[str]) -> Batch:
    """A new batch that has the columns ``names`` too, those that are missing made up.

    A ``hit_*`` column gets whole numbers from 0 to 5, ``axis`` unit vectors, any other event column
    numbers between 0 and 1.
    """
    source = generator(0, "with_columns")
    hits, events = hit_fields(batch), event_fields(batch)
    for name in names:
        if name in batch:
            continue
        if fields.is_hit_field(name):
            hits[name] = torch.randint(6, (batch.pos.size(0),), generator=source)
        elif name == fields.AXIS:
            vectors = torch.randn(batch.num_graphs, 3, generator=source)
            events[name] = vectors / vectors.norm(dim=1, keepdim=True)
        else:
            events[name] = torch.rand(batch.num_graphs, generator=source)
    return make_batch(hits, events, batch.ptr, feature_names(batch))
