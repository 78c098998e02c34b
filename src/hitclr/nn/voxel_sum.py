"""Depthwise convolution over occupied voxels, with a weight per offset and channel."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import embedding_bag

from hitclr.nn.voxel_levels import VoxelLevel, find_neighbours

__all__ = ["OFFSETS", "VoxelNeighbours", "voxel_sum"]

OFFSETS = 27
"""The number of offsets from a voxel to the 26 around it and to itself."""

_CHUNK = {"cpu": 2**18}
"""Numbers [pairs, channels] worked on at a time; on a CPU they should stay in its cache."""
_LARGE_CHUNK = 2**27
"""The same for other devices, where only memory sets the limit."""


class VoxelNeighbours:
    """The pairs of voxels of a level that touch.

    Args:
        level: the occupied voxels.

    Attributes:
        voxel: [E] int64, in rising order.
        offset: [E] int64, 0 to 26.
        neighbour: [E] int64.
        ptr: [M+1] int64, the offsets of the voxels in the pairs.
    """

    def __init__(self, level: VoxelLevel) -> None:
        self.voxel, self.offset, self.neighbour = find_neighbours(level)
        voxels = torch.arange(level.key.numel() + 1, device=level.key.device)
        self.ptr = torch.searchsorted(self.voxel, voxels)

    @cached_property
    def by_offset(self) -> list[tuple[Tensor, Tensor]]:
        """Voxel and neighbour [E'] of the pairs with each of the offsets."""
        order = torch.argsort(self.offset, stable=True)
        counts = torch.bincount(self.offset, minlength=OFFSETS).tolist()
        voxels = torch.split(self.voxel[order], counts)
        neighbours = torch.split(self.neighbour[order], counts)
        return list(zip(voxels, neighbours, strict=True))


def voxel_sum(voxels: Tensor, weight: Tensor, neighbours: VoxelNeighbours) -> Tensor:
    r"""The sum over a voxel and its neighbours, with a weight per offset and channel.

    .. math:: y_{ic} = \sum_{j \in N(i)} W_{o(i \to j) \, c} \, h_{jc}

    It is the submanifold sparse convolution (Graham, Engelcke and van der Maaten 2018,
    arXiv:1711.10275, sec. 3) with a 3 x 3 x 3 kernel, depthwise.

    Args:
        voxels: [M, C], the features h of the voxels.
        weight: [27, C], the weights W.
        neighbours: which voxels touch.

    Returns:
        y [M, C], in float32 or better, also under autocast.
    """
    dtype = torch.promote_types(voxels.dtype, torch.float32)
    made: Tensor = _VoxelSum.apply(  # type: ignore[no-untyped-call]
        voxels.to(dtype).contiguous(), weight.to(dtype), neighbours
    )
    return made


class _VoxelSum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, voxels: Tensor, weight: Tensor, neighbours: VoxelNeighbours) -> Tensor:
        ctx.save_for_backward(voxels, weight)
        ctx.neighbours = neighbours
        return _sum(voxels, weight, neighbours)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        voxels, weight = ctx.saved_tensors
        neighbours: VoxelNeighbours = ctx.neighbours
        grad = grad.contiguous()
        to_voxels = to_weight = None
        if ctx.needs_input_grad[0]:
            # If j is a neighbour of i, i is one of j, and the offset is the opposite one.
            to_voxels = _sum(grad, weight.flip(0), neighbours)
        if ctx.needs_input_grad[1]:
            to_weight = torch.stack(
                [
                    grad.index_select(0, voxel).mul_(voxels.index_select(0, neighbour)).sum(0)
                    for voxel, neighbour in neighbours.by_offset
                ]
            )
        return to_voxels, to_weight, None


def _sum(voxels: Tensor, weight: Tensor, neighbours: VoxelNeighbours) -> Tensor:
    total = torch.empty_like(voxels)
    pairs, channels = neighbours.voxel.numel(), voxels.size(1)
    chunk = _CHUNK.get(voxels.device.type, _LARGE_CHUNK)
    step = max(1, chunk * len(voxels) // max(1, pairs * channels))
    bounds = neighbours.ptr[::step].tolist()
    if len(voxels) % step:
        bounds.append(pairs)
    for number, (first, last) in enumerate(pairwise(bounds)):
        rows = slice(number * step, number * step + step)
        ptr = neighbours.ptr[number * step : number * step + step + 1] - first
        terms = voxels.index_select(0, neighbours.neighbour[first:last])
        terms *= weight.index_select(0, neighbours.offset[first:last])
        index = torch.arange(last - first, device=voxels.device)
        total[rows] = embedding_bag(index, terms, ptr, mode="sum", include_last_offset=True)
    return total
