"""ConvNeXt on occupied voxels, in stages of coarser and coarser ones."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from hitclr.errors import HitclrError, SettingsError
from hitclr.nn.options import Size, check_counts, check_features, choose_size
from hitclr.nn.pooling import event_mean, log_count, pool_events
from hitclr.nn.voxel_levels import Coarsening, coarsen, occupied
from hitclr.nn.voxel_sum import OFFSETS, VoxelNeighbours, voxel_sum
from hitclr.nn.voxels import HIT_CELL, Voxels

__all__ = ["VoxelConvNeXt"]

_OWNER = "voxel ConvNeXt"


class _Numbers(NamedTuple):
    channels: tuple[int, ...]
    depths: tuple[int, ...]
    out_channels: int


_SIZES: dict[str, _Numbers] = {
    "tiny": _Numbers((16, 32, 64), (1, 1, 2), 64),
    "small": _Numbers((32, 64, 128), (1, 1, 2), 128),
    "base": _Numbers((64, 128, 256, 512), (2, 2, 4, 2), 256),
}


class VoxelConvNeXt(nn.Module):
    """ConvNeXt (Liu et al. 2022, arXiv:2201.03545) on the voxels that have hits.

    A block is a depthwise 3 x 3 x 3 convolution with a weight per offset, layer norm, a pointwise
    MLP of four times the width with GELU, layer scale and a residual. As in a submanifold sparse
    convolution (arXiv:1711.10275) empty voxels stay empty. Between stages a layer norm and a
    convolution of width and stride 2 make voxels twice as wide. The read-out is a linear map of
    the mean and maximum over the voxels of each stage, so that what single hits show need not pass
    through the coarser ones, and of ``log(1 + number of hits)``.

    Hits that share a voxel enter as their mean and their number. What enters besides the features
    is the position, in the detector and relative to the event's mean.

    The representation of an event depends on neither the order of its hits nor the other events
    of the batch. It expects inputs of about unit size, as `InputNorm` makes them, while voxels are
    found before, by its edge builder `Voxels`.

    Args:
        in_channels: the number F of hit features.
        cell: the width of a voxel of the first stage, in the unit that the schema names; for a
            detector of voxels theirs.
        size: ``tiny`` (16, 32, 64 channels in 3 stages of 1, 1, 2 blocks; 64 numbers out),
            ``small`` (32, 64, 128; 1, 1, 2; 128) or ``base`` (64, 128, 256, 512; 2, 2, 4, 2; 256);
            the next three override it.
        channels: the number of channels of each stage.
        depths: the number of blocks of each stage.
        out_channels: the width D of the representation.

    Attributes:
        out_channels: the width D of the representation.
        edges: finds the voxel of each hit.

    Raises:
        SettingsError: an option is out of range.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        cell: float,
        size: Size = "small",
        channels: Sequence[int] | None = None,
        depths: Sequence[int] | None = None,
        out_channels: int | None = None,
    ) -> None:
        super().__init__()
        numbers = choose_size(_OWNER, _SIZES, size)
        widths = tuple(numbers.channels if channels is None else channels)
        depths = tuple(numbers.depths if depths is None else depths)
        out_channels = numbers.out_channels if out_channels is None else out_channels
        if not widths or len(widths) != len(depths):
            message = (
                f"{_OWNER}: expected as many depths as channels, one for each stage, got channels "
                f"{list(widths)} and depths {list(depths)}"
            )
            raise SettingsError(message)
        for width, depth in zip(widths, depths, strict=True):
            check_counts(_OWNER, channels=width, depths=depth)
        check_counts(_OWNER, out_channels=out_channels)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.edges = Voxels(cell)
        self.stem = nn.Sequential(
            nn.Linear(in_channels + 7, widths[0]),
            nn.GELU(),
            nn.Linear(widths[0], widths[0]),
            nn.LayerNorm(widths[0]),
        )
        self.stages = nn.ModuleList(
            _Stage(width, depth) for width, depth in zip(widths, depths, strict=True)
        )
        self.strides = nn.ModuleList(_Stride(fine, coarse) for fine, coarse in pairwise(widths))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for width in widths)
        self.head = nn.Linear(2 * sum(widths) + 1, out_channels)

    def forward(self, batch: Batch) -> Tensor:
        """The representation [B, D] of a batch of events with voxels.

        Raises:
            HitclrError: the batch has no voxels, or another number of features.
        """
        self._check(batch)
        level, voxel = occupied(batch.batch, batch[HIT_CELL], batch.num_graphs)
        voxels = self.stem(_inputs(batch, voxel, level.key.numel()))
        pooled = []
        for number, (blocks, norm) in enumerate(zip(self.stages, self.norms, strict=True)):
            if number:
                level, coarsening = coarsen(level)
                voxels = self.strides[number - 1](voxels, coarsening, level.key.numel())
            neighbours = VoxelNeighbours(level)
            voxels = blocks(voxels, neighbours)
            pooled.append(pool_events(norm(voxels), level.ptr))
        pooled.append(log_count(batch.ptr, pooled[0].dtype))
        representation: Tensor = self.head(torch.cat(pooled, 1))
        return representation

    def _check(self, batch: Batch) -> None:
        if HIT_CELL not in batch:
            message = (
                f"{_OWNER}: the batch has no voxels. Give it some first: `batch = "
                f"encoder.edges(batch)`. Other edges (`edges:` in the settings) are of no use to "
                f"it."
            )
            raise HitclrError(message)
        check_features(_OWNER, batch, self.in_channels)


def _inputs(batch: Batch, voxel: Tensor, number: int) -> Tensor:
    """The mean of each voxel's hits, features and position, and log of their number [M, F+7]."""
    pos = batch.pos
    centred = pos - event_mean(pos, batch.ptr)[batch.batch]
    hits = torch.cat([batch.x, centred, pos, torch.ones_like(pos[:, :1])], 1)
    total = hits.new_zeros(number, hits.size(1)).index_add_(0, voxel, hits)
    count = total[:, -1:]
    return torch.cat([total[:, :-1] / count, count.log()], 1)


class _Stage(nn.ModuleList):
    """Blocks on voxels of one size."""

    def __init__(self, channels: int, depth: int) -> None:
        super().__init__(_Block(channels) for _ in range(depth))

    def forward(self, voxels: Tensor, neighbours: VoxelNeighbours) -> Tensor:
        for block in self:
            voxels = block(voxels, neighbours)
        return voxels


class _Block(nn.Module):
    """A ConvNeXt block."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        # As `nn.Conv3d` begins: uniform with the variance 1 / (3 * 27).
        bound = OFFSETS**-0.5
        self.kernel = nn.Parameter(torch.empty(OFFSETS, channels).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(channels).uniform_(-bound, bound))
        self.norm = nn.LayerNorm(channels)
        self.wide = nn.Linear(channels, 4 * channels)
        self.narrow = nn.Linear(4 * channels, channels)
        # The layer scale of Touvron et al. 2021 (arXiv:2103.17239, sec. 2) for shallow networks.
        self.scale = nn.Parameter(torch.full((channels,), 0.1))

    def forward(self, voxels: Tensor, neighbours: VoxelNeighbours) -> Tensor:
        change = self.norm(voxel_sum(voxels, self.kernel, neighbours) + self.bias)
        change = self.narrow(nn.functional.gelu(self.wide(change)))
        result: Tensor = voxels + self.scale * change
        return result


class _Stride(nn.Module):
    """Layer norm and a convolution of width and stride 2."""

    def __init__(self, fine: int, coarse: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(fine)
        bound = (8 * fine) ** -0.5
        self.weight = nn.Parameter(torch.empty(8, fine, coarse).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(coarse))

    def forward(self, voxels: Tensor, coarsening: Coarsening, number: int) -> Tensor:
        """The features [P, C'] of ``number`` coarse voxels from those of the fine ones [M, C]."""
        voxels = self.norm(voxels)
        order = torch.argsort(coarsening.octant, stable=True)
        counts = torch.bincount(coarsening.octant, minlength=8).tolist()
        parts = torch.split(voxels.index_select(0, order), counts)
        terms = torch.cat([part @ weight for part, weight in zip(parts, self.weight, strict=True)])
        parents = coarsening.parent.index_select(0, order)
        total = self.bias.to(terms.dtype).expand(number, -1)
        return total.index_add(0, parents, terms)
