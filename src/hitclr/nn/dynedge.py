"""Edge convolutions whose neighbours are found anew after each layer."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from hitclr.errors import HitclrError, SettingsError
from hitclr.events import replace_hits
from hitclr.graphs import KNN
from hitclr.nn.kernel_sum import ordered_edges
from hitclr.nn.options import Size, check_counts, check_features, choose_size
from hitclr.nn.pooling import log_count, pool_events

__all__ = ["Aggregation", "DynEdge"]

_OWNER = "DynEdge"

Aggregation = Literal["max", "mean"]


class _Numbers(NamedTuple):
    channels: int
    depth: int
    out_channels: int


_SIZES: dict[str, _Numbers] = {
    "tiny": _Numbers(32, 2, 64),
    "small": _Numbers(64, 3, 128),
    "base": _Numbers(128, 4, 256),
}


class DynEdge(nn.Module):
    """Dynamic edge convolutions in the manner of IceCube's DynEdge (arXiv:2209.03042, sec. 4).

    An edge convolution (Wang et al. 2019, arXiv:1801.07829, eq. 7 and 8) applies an MLP to ``[x_i,
    x_j - x_i]`` for each neighbour j of a hit i and takes the maximum or mean over the neighbours.
    The first layer's neighbours are the nearest hits in space, each later layer's those nearest in
    some components of the features that the last layer made. An MLP on the input and the outputs of
    all layers, side by side, is pooled over the event. Unlike DynEdge it has no global inputs but
    the number of hits.

    The representation of an event depends on neither the other events of the batch nor the order of
    its hits, but for ties: of more than ``k`` hits at one and the same place, in space or in those
    components, the order decides which are neighbours, and where two neighbours are equally near to
    within rounding, so does rounding. The choice of neighbours has no gradient. The search runs on
    the CPU. It expects inputs of about unit size, as `InputNorm` makes them.

    Args:
        in_channels: the number F of hit features.
        size: ``tiny`` (32 channels, 2 layers, 64 numbers out), ``small`` (64, 3, 128) or ``base``
            (128, 4, 256); the next three override it.
        channels: the number of channels.
        depth: the number of edge convolutions.
        out_channels: the width D of the representation.
        k: the number of neighbours of a hit.
        metric: features that count in the choice of the first neighbours, as in `KNN`.
        neighbour_channels: how many components of the features, the first ones, later neighbours
            are near in.
        aggregation: over the neighbours, ``max`` or ``mean``.

    Attributes:
        out_channels: the width D of the representation.
        edges: the edge builder whose edges the first layer wants.

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
        k: int = 8,
        metric: Mapping[str, float] | None = None,
        neighbour_channels: int = 3,
        aggregation: Aggregation = "max",
    ) -> None:
        super().__init__()
        numbers = choose_size(_OWNER, _SIZES, size)
        channels = numbers.channels if channels is None else channels
        depth = numbers.depth if depth is None else depth
        out_channels = numbers.out_channels if out_channels is None else out_channels
        check_counts(
            _OWNER,
            channels=channels,
            depth=depth,
            out_channels=out_channels,
            neighbour_channels=neighbour_channels,
        )
        if neighbour_channels > channels:
            message = (
                f"{_OWNER}: expected neighbour_channels of at most the {channels} channels, got "
                f"{neighbour_channels}"
            )
            raise SettingsError(message)
        if aggregation not in get_args(Aggregation):
            message = (
                f"{_OWNER}: expected for aggregation one of {', '.join(get_args(Aggregation))}, "
                f"got {aggregation!r}"
            )
            raise SettingsError(message)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.edges = KNN(k, metric)
        self.neighbour_channels = neighbour_channels
        widths = [in_channels + 3] + depth * [channels]
        self.layers = nn.ModuleList(
            _EdgeConv(before, after, aggregation) for before, after in pairwise(widths)
        )
        self._next_edges = KNN(k)
        self.after = nn.Sequential(
            nn.Linear(sum(widths), 2 * channels), nn.LeakyReLU(), nn.Linear(2 * channels, channels)
        )
        self.head = nn.Sequential(
            nn.LeakyReLU(),
            nn.Linear(3 * channels + 1, 2 * channels),
            nn.LeakyReLU(),
            nn.Linear(2 * channels, out_channels),
        )

    def forward(self, batch: Batch) -> Tensor:
        """The representation [B, D] of a batch of events with edges.

        Raises:
            HitclrError: the batch has no edges, or another number of features; or the features of
                a layer are not finite.
        """
        self._check(batch)
        hits = torch.cat([batch.pos, batch.x], 1)
        outputs = [hits]
        edge_index = batch.edge_index
        for number, layer in enumerate(self.layers):
            if number:
                edge_index = self._nearest(batch, hits)
            hits = layer(hits, edge_index)
            outputs.append(hits)
        hits = self.after(torch.cat(outputs, 1))
        pooled = pool_events(hits, batch.ptr, ("min", "max", "mean"))
        pooled = torch.cat([pooled, log_count(batch.ptr, pooled.dtype)], 1)
        representation: Tensor = self.head(pooled)
        return representation

    def _nearest(self, batch: Batch, hits: Tensor) -> Tensor:
        """Edges [2, E] from the hits that are nearest in the first components of ``hits``."""
        place = hits[:, : self.neighbour_channels].detach().float()
        if not bool(place.isfinite().all()):
            message = (
                f"{_OWNER}: the features of a layer are not finite, so that no neighbours can be "
                f"found. Either the inputs are not, or the training has diverged: use a lower "
                f"learning rate (optimizer.lr)."
            )
            raise HitclrError(message)
        edge_index: Tensor = self._next_edges(replace_hits(batch, {"pos": place})).edge_index
        return edge_index

    def _check(self, batch: Batch) -> None:
        if getattr(batch, "edge_index", None) is None:
            message = (
                f"{_OWNER}: the batch has no edges. Give it some first: "
                f"`batch = encoder.edges(batch)`."
            )
            raise HitclrError(message)
        check_features(_OWNER, batch, self.in_channels)


class _EdgeConv(nn.Module):
    """An edge convolution with an MLP of two layers."""

    def __init__(self, in_channels: int, out_channels: int, aggregation: Aggregation) -> None:
        super().__init__()
        self.aggregation = aggregation
        self.first = nn.Linear(2 * in_channels, out_channels)
        self.second = nn.Linear(out_channels, out_channels)

    def forward(self, hits: Tensor, edge_index: Tensor) -> Tensor:
        """The new features [N, C'] of hits [N, C]; zeros where a hit has no neighbours."""
        source, target = ordered_edges(edge_index)
        # W [x_i, x_j - x_i] = (W_1 - W_2) x_i + W_2 x_j: a product for each hit, not each edge.
        own, other = self.first.weight.chunk(2, 1)
        at_hit = nn.functional.linear(hits, own - other, self.first.bias)
        at_neighbour = nn.functional.linear(hits, other)
        edges = at_hit.index_select(0, target) + at_neighbour.index_select(0, source)
        edges = nn.functional.leaky_relu(edges)
        edges = nn.functional.leaky_relu(self.second(edges))
        bounds = torch.searchsorted(target, torch.arange(len(hits) + 1, device=target.device))
        return pool_events(edges, bounds, (self.aggregation,))
