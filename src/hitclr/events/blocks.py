"""Blocks: runs of events that are stored together, the unit in which large data are shuffled."""

from __future__ import annotations

import torch
from torch import Tensor

from hitclr.events.store import EventStore

__all__ = ["blocks_of", "shuffled"]

_SHARE = 8


def blocks_of(store: EventStore, buffer: int) -> Tensor:
    """Offsets [K+1] int64 that cut events into blocks: the clusters of their files.

    A cluster of more than an eighth of the buffer is cut into equal parts, so that the buffer
    always mixes several; each part is then unpacked for itself. Where clusters are not known, all
    events are one.

    Args:
        store: the events.
        buffer: how many events are to be held at a time.
    """
    clusters = store.clusters
    if clusters is None:
        clusters = torch.tensor([0, len(store)])
    sizes = clusters[1:] - clusters[:-1]
    largest = max(1, buffer // _SHARE)
    parts = torch.div(sizes + largest - 1, largest, rounding_mode="floor").clamp(min=1)
    first = torch.cumsum(parts, 0) - parts
    place = torch.arange(int(parts.sum())) - torch.repeat_interleave(first, parts)
    inner = torch.repeat_interleave(sizes, parts) * place
    inner = torch.div(inner, torch.repeat_interleave(parts, parts), rounding_mode="floor")
    starts = torch.repeat_interleave(clusters[:-1], parts) + inner
    return torch.cat([starts, clusters[-1:]])


def shuffled(events: Tensor, buffer: int, generator: torch.Generator) -> Tensor:
    """Events in an order in which none moves further than half the buffer.

    So whoever goes through the new order, reading in the old one, holds as many events as the
    buffer has places. At both ends the moves are folded back, and there too, all that are within
    reach are mixed evenly.

    Args:
        events: [M] int64.
        buffer: the number of places.
        generator: the source of randomness.
    """
    number = events.numel()
    # In place: there may be far more events than memory has room for their hits.
    place = torch.rand(number, generator=generator, dtype=torch.float64)
    place.sub_(0.5).mul_(buffer).add_(torch.arange(number).add(0.5))
    place.remainder_(2 * max(number, 1))
    torch.minimum(place, 2 * number - place, out=place)
    return events[torch.argsort(place, stable=True)]
