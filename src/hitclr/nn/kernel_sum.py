"""Depthwise convolution over edges without a tensor of edges times channels."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import embedding_bag

__all__ = ["EdgeKernels", "kernel_sum", "ordered_edges"]

_CHUNK = {"cpu": 2**22}
"""Numbers [edges, channels] that the backward pass works on at a time.

On a CPU they should stay in its cache, but not be so few that the threads, which wait for each
other after every part, stall where they share their cores with other processes.
"""
_LARGE_CHUNK = 2**27
"""The same for other devices, where only memory sets the limit."""


class EdgeKernels:
    """Edges, and the values of K kernels on each of them.

    Args:
        source: [E] int64, the neighbour of each edge.
        target: [E] int64, the hit of each edge, in ascending order.
        values: [K, E] float32 or float64, the kernels.
        num_hits: the number N of hits.

    Attributes:
        source: [E], as given.
        target: [E], as given.
        values: [K, E], as given.
        ptr: [N+1], the offsets of the hits in the edges.
    """

    def __init__(self, source: Tensor, target: Tensor, values: Tensor, num_hits: int) -> None:
        self.source = source
        self.target = target
        self.values = values
        self._hits = torch.arange(num_hits + 1, device=target.device)
        self.ptr = torch.searchsorted(target, self._hits)

    @cached_property
    def reverse(self) -> tuple[Tensor, Tensor, Tensor]:
        """The same edges ordered by neighbour: the hits [E], offsets [N+1], kernels [K, E]."""
        source, order = torch.sort(self.source, stable=True)
        ptr = torch.searchsorted(source, self._hits)
        return self.target[order], ptr, self.values.detach().index_select(1, order)


def kernel_sum(hits: Tensor, mix: Tensor, edges: EdgeKernels) -> Tensor:
    r"""The sum over neighbours with a weight per edge and channel, of K shared kernels.

    .. math:: y_{ic} = \sum_{j \to i} \Bigl( \sum_k m_{kc} \, w_k(j \to i) \Bigr) h_{jc}

    This is a depthwise continuous-filter convolution (Schütt et al. 2017, arXiv:1706.08566,
    eq. 2) whose filters are of rank K. Each kernel is one sparse product, so that the weights
    [E, C] are never made: memory and time go with ``K (E + N C)``.

    Args:
        hits: [N, C], the features h of the hits.
        mix: [K, C], how much m of each kernel is in the filter of each channel.
        edges: the edges, and the kernels w on them.

    Returns:
        y [N, C]; zeros for a hit without neighbours. In float32 or better, also under autocast.
    """
    dtype = torch.promote_types(hits.dtype, torch.float32)
    made: Tensor = _KernelSum.apply(  # type: ignore[no-untyped-call]
        hits.to(dtype).contiguous(), mix.to(dtype), edges.values.to(dtype), edges
    )
    return made


def ordered_edges(edge_index: Tensor) -> tuple[Tensor, Tensor]:
    """Source and target [E] of edges [2, E], by ascending target; no sorting where they are so."""
    source, target = edge_index[0].contiguous(), edge_index[1].contiguous()
    if bool((target[1:] >= target[:-1]).all()):
        return source, target
    target, order = torch.sort(target, stable=True)
    return source[order], target


class _KernelSum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hits: Tensor, mix: Tensor, values: Tensor, edges: EdgeKernels) -> Tensor:
        ctx.save_for_backward(hits, mix, values)
        ctx.edges = edges
        return _sum(hits, mix, values, edges.source, edges.ptr)

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, grad: Tensor
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None, None]:
        hits, mix, values = ctx.saved_tensors
        edges: EdgeKernels = ctx.edges
        grad = grad.contiguous()
        to_hits = to_mix = to_values = None
        with torch.autocast(grad.device.type, enabled=False):
            if ctx.needs_input_grad[0]:
                target, ptr, reverse = edges.reverse
                to_hits = _sum(grad, mix, reverse.to(mix.dtype), target, ptr)
            if ctx.needs_input_grad[1] or ctx.needs_input_grad[2]:
                to_mix, to_values = torch.zeros_like(mix), torch.empty_like(values)
                step = max(1, _CHUNK.get(grad.device.type, _LARGE_CHUNK) // max(1, mix.size(1)))
                near, far = hits.new_empty(2, min(step, values.size(1)), mix.size(1))
                for start in range(0, values.size(1), step):
                    part = slice(start, start + step)
                    source, target = edges.source[part], edges.target[part]
                    product = torch.index_select(hits, 0, source, out=near[: len(source)])
                    product *= torch.index_select(grad, 0, target, out=far[: len(source)])
                    to_mix += values[:, part] @ product
                    to_values[:, part] = mix @ product.T
        return to_hits, to_mix, to_values, None


def _sum(hits: Tensor, mix: Tensor, values: Tensor, index: Tensor, ptr: Tensor) -> Tensor:
    total = torch.zeros_like(hits)
    if not index.numel():
        return total
    for weight, value in zip(mix, values, strict=True):
        bags = embedding_bag(
            index, hits, ptr, mode="sum", per_sample_weights=value, include_last_offset=True
        )
        total.addcmul_(bags, weight)
    return total
