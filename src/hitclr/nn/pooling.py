"""From the hits of an event to numbers of the event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from hitclr.events import counts_from_ptr

__all__ = ["Reduction", "event_mean", "log_count", "pool_events"]

Reduction = Literal["mean", "max", "min", "sum"]


def pool_events(
    hits: Tensor, ptr: Tensor, reductions: Sequence[Reduction] = ("mean", "max")
) -> Tensor:
    """The mean, maximum, minimum or sum over the hits of each event, side by side.

    Where several hits have the largest value, they share the gradient, so that it does not depend
    on their order.

    Args:
        hits: [N, C], in the order of the events.
        ptr: [B+1] int64, the offsets of the events in the hits.
        reductions: R of them.

    Returns:
        [B, R C] float32, or float64 if ``hits`` are; zeros for an event without hits.
    """
    hits = hits.to(torch.promote_types(hits.dtype, torch.float32)).contiguous()
    counts = counts_from_ptr(ptr)[:, None]
    pooled = []
    for reduction in reductions:
        if reduction in ("mean", "sum"):
            one = torch.segment_reduce(hits, "sum", offsets=ptr)
            if reduction == "mean":
                one = one / counts.clamp(min=1).to(hits.dtype)
        else:
            one = torch.segment_reduce(hits, reduction, offsets=ptr)
            one = one.masked_fill(counts == 0, 0.0)
        pooled.append(one)
    return torch.cat(pooled, 1)


def event_mean(values: Tensor, ptr: Tensor) -> Tensor:
    """The mean [B, C] over the hits of each event, of values [N, C]."""
    return pool_events(values, ptr, ("mean",))


def log_count(ptr: Tensor, dtype: torch.dtype) -> Tensor:
    """``log(1 + number of hits)`` of each event [B, 1]."""
    return counts_from_ptr(ptr).to(dtype).log1p()[:, None]
