"""The log-norms of a softmax over similarities, in blocks of rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from hitclr.errors import HitclrError

__all__ = ["log_norms"]

_BLOCK = {"cpu": 2**20}
"""Similarities that are worked on at a time: on a CPU few enough to stay near its cache."""
_LARGE_BLOCK = 2**26
"""The same for other devices, where only memory sets the limit."""
_FEWEST_ROWS = 256
"""Matrix products of fewer rows are slow."""


def log_norms(anchors: Tensor, columns: Tensor, first: int = 0, block: int | None = None) -> Tensor:
    r"""The log-norm of the softmax of each anchor over all other embeddings.

    .. math:: n_i = \log \sum_{j \ne f + i} \exp(a_i \cdot c_j)

    Similarities are made for a block of anchors at a time, and made again in the backward pass,
    so that memory goes with ``N * block`` and not with the square of the batch. Gradients are
    exact; they can be taken once.

    Args:
        anchors: [A, D] float32 or float64, with the temperature divided out.
        columns: [N, D] of the same dtype, N of 2 or more: all embeddings, those of the anchors
            among them.
        first: the row of ``columns`` that is the first anchor; the others follow it.
        block: the number of anchors at a time; where it is not given, as many as suit the device.

    Returns:
        [A], in the dtype of ``anchors``. Going backwards with ``create_graph`` raises a
        `HitclrError`.
    """
    if block is None:
        numbers = _BLOCK.get(anchors.device.type, _LARGE_BLOCK)
        block = max(_FEWEST_ROWS, numbers // len(columns))
    made: Tensor = _LogNorms.apply(  # type: ignore[no-untyped-call]
        anchors, columns, first, block
    )
    return made


class _LogNorms(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, anchors: Tensor, columns: Tensor, first: int, block: int) -> Tensor:
        norms = anchors.new_empty(len(anchors))
        for rows, similarity in _blocks(anchors, columns, first, block):
            highest = similarity.amax(1, keepdim=True)
            total = similarity.sub_(highest).exp_().sum(1)
            norms[rows] = total.log_().add_(highest[:, 0])
        ctx.save_for_backward(anchors, columns, norms)
        ctx.first, ctx.block = first, block
        return norms

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None, None]:
        # torch's once_differentiable lets a second derivative pass, as zero, where the incoming
        # gradient is a constant. With create_graph gradients are enabled here.
        if torch.is_grad_enabled():
            message = (
                "contrastive loss: expected one derivative, and a graph for a second one is asked "
                "for. Take gradients without create_graph."
            )
            raise HitclrError(message)
        anchors, columns, norms = ctx.saved_tensors
        to_anchors, to_columns = torch.empty_like(anchors), torch.zeros_like(columns)
        # Products that write to given memory are left alone by autocast.
        for rows, similarity in _blocks(anchors, columns, ctx.first, ctx.block):
            softmax = similarity.sub_(norms[rows, None]).exp_().mul_(grad[rows, None])
            torch.mm(softmax, columns, out=to_anchors[rows])
            to_columns.addmm_(softmax.T, anchors[rows])
        return to_anchors, to_columns, None, None


def _blocks(
    anchors: Tensor, columns: Tensor, first: int, block: int
) -> Iterator[tuple[slice, Tensor]]:
    """The rows of each block, and their similarities [block, N]; minus infinity to themselves."""
    space = anchors.new_empty(min(block, len(anchors)), len(columns))
    for start in range(0, len(anchors), block):
        rows = slice(start, min(start + block, len(anchors)))
        similarity = torch.mm(anchors[rows], columns.T, out=space[: rows.stop - start])
        similarity.diagonal(first + start).fill_(-torch.inf)
        yield rows, similarity
