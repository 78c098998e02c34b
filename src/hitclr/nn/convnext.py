"""The standard encoder: ConvNeXt on graphs, with continuous kernels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from hitclr.errors import HitclrError
from hitclr.graphs import KNN
from hitclr.nn.kernel_sum import EdgeKernels, kernel_sum, ordered_edges
from hitclr.nn.options import Size, check_counts, check_features, choose_size
from hitclr.nn.pooling import event_mean, log_count, pool_events

__all__ = ["GraphConvNeXt"]

_OWNER = "graph ConvNeXt"


class _Numbers(NamedTuple):
    channels: int
    depth: int
    out_channels: int


_SIZES: dict[str, _Numbers] = {
    "tiny": _Numbers(32, 2, 64),
    "small": _Numbers(64, 4, 128),
    "base": _Numbers(128, 6, 256),
}


class GraphConvNeXt(nn.Module):
    """ConvNeXt (Liu et al. 2022, arXiv:2201.03545) on the graph of an event's hits.

    A block is a depthwise convolution, layer norm, a pointwise MLP of four times the width with
    GELU, layer scale and a residual, as there. The convolution has continuous kernels, a function
    of the position of the neighbour relative to the hit (SchNet's continuous-filter convolution,
    Schütt et al. 2017, arXiv:1706.08566, sec. 3): one small MLP for all blocks gives a few kernels
    per edge, and each channel of each block has its own mix of them. All layers keep the number of
    hits. The read-out is a linear map of the mean and maximum over an event's hits and of
    ``log(1 + number of hits)``.

    The representation of an event depends on neither the order of its hits nor the other events
    of the batch. It expects inputs of about unit size, as `InputNorm` makes them.

    Args:
        in_channels: the number F of hit features.
        size: ``tiny`` (32 channels, 2 blocks, 64 numbers out), ``small`` (64, 4, 128) or ``base``
            (128, 6, 256); the next three override it.
        channels: the number of channels.
        depth: the number of blocks.
        out_channels: the width D of the representation.
        k: the number of neighbours of a hit.
        metric: features that count in the choice of neighbours, as in `KNN`.
        kernels: the number of kernels that the filters are mixed from.

    Attributes:
        out_channels: the width D of the representation.
        edges: the edge builder whose edges it wants.

    Raises:
        SettingsError: an option is out of range.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        size: Size = "small",
        channels: int | None = None,
        depth: int | None = None,
        out_channels: int | None = None,
        k: int = 16,
        metric: Mapping[str, float] | None = None,
        kernels: int = 8,
    ) -> None:
        super().__init__()
        numbers = choose_size(_OWNER, _SIZES, size)
        channels = numbers.channels if channels is None else channels
        depth = numbers.depth if depth is None else depth
        out_channels = numbers.out_channels if out_channels is None else out_channels
        check_counts(
            _OWNER, channels=channels, depth=depth, out_channels=out_channels, kernels=kernels
        )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.edges = KNN(k, metric)
        self.stem = nn.Sequential(
            nn.Linear(in_channels + 6, channels),
            nn.GELU(),
            nn.Linear(channels, channels),
            nn.LayerNorm(channels),
        )
        self.kernels = _Kernels(kernels)
        self.blocks = nn.ModuleList(_Block(channels, kernels) for _ in range(depth))
        self.norm = nn.LayerNorm(channels)
        self.head = nn.Linear(2 * channels + 1, out_channels)

    def forward(self, batch: Batch) -> Tensor:
        """The representation [B, D] of a batch of events with edges.

        Raises:
            HitclrError: the batch has no edges set, or another number of features.
        """
        self._check(batch)
        pos = batch.pos
        centred = pos - event_mean(pos, batch.ptr)[batch.batch]
        hits = self.stem(torch.cat([batch.x, centred, pos], 1))
        source, target = ordered_edges(batch.edge_index)
        edges = EdgeKernels(source, target, self.kernels(pos, source, target), len(pos))
        per_neighbour = 1 / (edges.ptr[1:] - edges.ptr[:-1]).clamp(min=1).to(hits.dtype)[:, None]
        for block in self.blocks:
            hits = block(hits, edges, per_neighbour)
        pooled = pool_events(self.norm(hits), batch.ptr)
        count = log_count(batch.ptr, pooled.dtype)
        representation: Tensor = self.head(torch.cat([pooled, count], 1))
        return representation

    def _check(self, batch: Batch) -> None:
        if getattr(batch, "edge_index", None) is None:
            message = (
                f"{_OWNER}: the batch has no edges. Give it some first: "
                f"`batch = encoder.edges(batch)`."
            )
            raise HitclrError(message)
        check_features(_OWNER, batch, self.in_channels)


class _Kernels(nn.Module):
    """K functions of the position of the neighbour relative to the hit."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.first = nn.Linear(8, 2 * number)
        self.second = nn.Linear(2 * number, number)

    def forward(self, pos: Tensor, source: Tensor, target: Tensor) -> Tensor:
        """The kernels [K, E] on edges [E] between hits at ``pos`` [N, 3].

        Edges are along the last dimension throughout: the sums read each kernel on its own.
        """
        with torch.autocast(pos.device.type, enabled=False):
            columns = pos.to(self.first.weight.dtype).T.contiguous()
            apart = columns.index_select(1, source) - columns.index_select(1, target)
            # The small number keeps the direction and the logarithm finite at one position.
            distance = (apart.square().sum(0, keepdim=True) + 1e-8).sqrt()
            # The logarithm sees neighbours at any scale, be it a voxel or half a detector.
            shape = torch.cat([apart, apart / distance, distance, distance.log()])
            hidden = torch.addmm(self.first.bias[:, None], self.first.weight, shape)
            return torch.addmm(self.second.bias[:, None], self.second.weight, hidden.relu_())


class _Block(nn.Module):
    """A ConvNeXt block."""

    def __init__(self, channels: int, kernels: int) -> None:
        super().__init__()
        # A neighbour's weight is then about as large as that of the hit itself.
        self.mix = nn.Parameter(torch.randn(kernels, channels))
        self.centre = nn.Parameter(torch.ones(channels))
        self.norm = nn.LayerNorm(channels)
        self.wide = nn.Linear(channels, 4 * channels)
        self.narrow = nn.Linear(4 * channels, channels)
        # The layer scale of Touvron et al. 2021 (arXiv:2103.17239, sec. 2) for shallow networks.
        self.scale = nn.Parameter(torch.full((channels,), 0.1))

    def forward(self, hits: Tensor, edges: EdgeKernels, per_neighbour: Tensor) -> Tensor:
        mean = per_neighbour * kernel_sum(hits, self.mix, edges)
        change = self.norm(mean + self.centre * hits)
        change = self.narrow(nn.functional.gelu(self.wide(change)))
        result: Tensor = hits + self.scale * change
        return result
