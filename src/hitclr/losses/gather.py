"""The rows that all processes hold, with gradients."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.autograd.function import once_differentiable

__all__ = ["first_row", "gather_rows", "row_counts"]


def row_counts(rows: Tensor) -> list[int]:
    """How many rows each process holds, by rank; a list of one where there is one process.

    Every process has to call this.

    Args:
        rows: [M, ...], what this process holds.
    """
    if not _several():
        return [len(rows)]
    own = torch.tensor([len(rows)], device=rows.device)
    counts = [torch.empty_like(own) for _ in range(dist.get_world_size())]
    dist.all_gather(counts, own)
    return [int(count) for count in torch.cat(counts).tolist()]


def first_row(counts: list[int]) -> int:
    """Which of the gathered rows is the first one of this process.

    Args:
        counts: what `row_counts` gives.
    """
    return sum(counts[: dist.get_rank()]) if _several() else 0


def gather_rows(rows: Tensor, counts: list[int] | None = None) -> Tensor:
    r"""The rows of all processes, by rank, with gradients to the process that they came from.

    The gradient of a row is the *sum* over the processes' losses of their gradients to it.
    `DistributedDataParallel` then *averages* the gradients of parameters over the processes. So
    what is trained is the *mean* of the processes' losses: with ``L_r`` the loss of rank r of R,
    the gradient after averaging is that of :math:`\frac{1}{R} \sum_r L_r`. A loss that every
    process computes from all rows is right as it stands; a loss summed over a process's own share
    of N rows has to be multiplied by ``R / N``.

    Without ``torch.distributed``, or with one process, the rows come back as they are. Otherwise
    every process has to call this, and to go backwards through it if one does.

    Args:
        rows: [M, ...], what this process holds. M may differ between processes, the rest of the
            shape and the dtype may not.
        counts: what `row_counts` gives, where it is known already.

    Returns:
        [sum of all M, ...], the same on every process.
    """
    if not _several():
        return rows
    made: Tensor = _GatherRows.apply(  # type: ignore[no-untyped-call]
        rows, row_counts(rows) if counts is None else counts
    )
    return made


def _several() -> bool:
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


class _GatherRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, counts: list[int]) -> Tensor:
        ctx.counts = counts
        # Collectives take tensors of one shape only, so that shorter ones are filled up.
        own = rows.new_zeros(max(counts), *rows.shape[1:])
        own[: len(rows)] = rows
        parts = [torch.empty_like(own) for _ in counts]
        dist.all_gather(parts, own)
        return torch.cat([part[:count] for part, count in zip(parts, counts, strict=True)])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        start = first_row(ctx.counts)
        total = grad.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total[start : start + ctx.counts[dist.get_rank()]], None
