"""One tree for all events of a batch: what the edge builders share."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from torch import Tensor
from torch_geometric.data import Batch, Data

from hitclr import fields
from hitclr.errors import HitclrError, SettingsError
from hitclr.events import counts_from_ptr, feature_index, with_edges
from hitclr.graphs.ties import break_ties, largest_move

__all__ = ["EventTree", "Graph", "add_edges", "check_count", "check_metric"]

Graph = TypeVar("Graph", Batch, Data)
"""A batch of events, or one of them as PyG's transforms get it."""


class EventTree:
    """The hits of a batch in one k-d tree, in which hits of different events are far apart.

    The event enters as one more coordinate. Its spacing is larger than the distance of any two
    hits of one event, and than the reach where there is one, so that a search finds all hits of
    its own event before the first one of another.

    Args:
        batch: the events.
        metric: the features that are further coordinates, with their scales.
        reach: the largest distance of a neighbour; any by default.

    Raises:
        SchemaError: the batch lacks a feature of the metric.
        HitclrError: a position, or a feature of the metric, is not finite.
    """

    def __init__(
        self, batch: Batch, metric: Mapping[str, float] | None = None, reach: float = math.inf
    ) -> None:
        coordinates = _coordinates(batch, metric or {})
        ptr = batch.ptr.cpu()
        counts = counts_from_ptr(ptr)
        low, high = _bounds(coordinates, ptr)
        self._reach = reach
        self._coordinates: NDArray[np.float64] = coordinates.numpy()
        self._events: NDArray[np.int64] = batch.batch.cpu().numpy()
        self._largest = int(counts.max()) if counts.numel() else 0
        largest = torch.maximum(low.abs(), high.abs()).amax(1).numpy()
        # With all hits at the origin any move will do.
        magnitude = np.where(largest > 0, largest, 1.0)[self._events]
        moved = break_ties(self._coordinates, self._events, magnitude)
        # The search goes a little further than asked, and what is too far is then left out by the
        # exact distance: a hit just at the distance must not depend on how the points were moved.
        slack = largest_move(coordinates.size(1), float(magnitude.max(initial=0.0)))
        self._search = reach + slack
        diameter = float((high - low).norm(dim=1).max()) if counts.numel() else 0.0
        furthest = slack + (diameter if math.isinf(reach) else max(diameter, reach))
        self._points = np.column_stack([moved, 2 * furthest * self._events])
        # Splits at the median would cut through clusters of hits and make a slower tree.
        self._tree = cKDTree(self._points, balanced_tree=False)

    def nearest(self, count: int) -> Tensor:
        """Edges [2, E] int64 to each hit from its nearest hits, ordered by hit, nearest first.

        Args:
            count: the number of neighbours; there are fewer where no more are in reach.
        """
        width = min(count + 1, max(self._largest, 1))
        distance, found = map(
            np.asarray,
            self._tree.query(
                self._points,
                k=np.arange(1, width + 1),
                distance_upper_bound=self._search,
                workers=torch.get_num_threads(),
            ),
        )
        rows = np.broadcast_to(np.arange(len(found))[:, None], found.shape)
        own = found == rows
        # Should a hit not be among its own nearest, the furthest of them is one too many.
        own[~own.any(axis=1), -1:] = True
        other = np.isfinite(distance) & ~own
        return self._edges(found[other], rows[other])

    def all(self) -> Tensor:
        """Edges [2, E] int64 between all hits of an event that are in reach, ordered by hit."""
        pairs = self._tree.query_pairs(self._search, output_type="ndarray")
        both = np.concatenate([pairs, pairs[:, ::-1]])
        both = both[np.lexsort((both[:, 0], both[:, 1]))]
        return self._edges(both[:, 0], both[:, 1])

    def _edges(self, neighbour: NDArray[np.int64], hit: NDArray[np.int64]) -> Tensor:
        keep = self._events[neighbour] == self._events[hit]
        if math.isfinite(self._reach):
            apart = self._coordinates[neighbour] - self._coordinates[hit]
            keep &= np.sqrt(np.square(apart).sum(1)) <= self._reach
        return torch.from_numpy(np.stack([neighbour[keep], hit[keep]]).astype(np.int64))


def add_edges(data: Graph, find: Callable[[Batch], Tensor]) -> Graph:
    """A batch or a single event with its edges.

    Args:
        data: the events; they are not changed.
        find: the edges [2, E] int64 of a batch, ordered by hit.

    Returns:
        What came, a shallow copy, with ``edge_index`` on the device of its positions.
    """
    if isinstance(data, Batch):
        return with_edges(data, find(data).to(data.pos.device))
    single = copy.copy(data)
    single.edge_index = find(Batch.from_data_list([data])).to(data.pos.device)
    return single


def check_count(owner: str, name: str, value: object) -> None:
    """Check that a number of neighbours is a whole number of at least 1.

    Raises:
        SettingsError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        message = f"{owner}: expected for {name} a whole number of at least 1, got {value!r}"
        raise SettingsError(message)


def check_metric(owner: str, metric: Mapping[str, float] | None) -> None:
    """Check that the scales of a metric are finite and above 0.

    Raises:
        SettingsError: one is not.
    """
    if metric is None:
        return
    for name, scale in metric.items():
        if not (math.isfinite(scale) and scale > 0):
            message = (
                f"{owner}: expected for the scale of {name!r} in the metric a finite number above "
                f"0, in the unit of the positions over the unit of {name!r}; got {scale!r}"
            )
            raise SettingsError(message)


def _coordinates(batch: Batch, metric: Mapping[str, float]) -> Tensor:
    """Positions and scaled features of the hits [N, 3+M] float64 on the CPU."""
    features = [
        scale * batch.x[:, feature_index(batch, name), None].detach().cpu().double()
        for name, scale in metric.items()
    ]
    coordinates = torch.cat([batch.pos.detach().cpu().double(), *features], 1)
    bad = ~torch.isfinite(coordinates).all(1)
    if bool(bad.any()):
        hit = int(bad.nonzero()[0])
        event = int(batch.batch[hit])
        known = getattr(batch, fields.EVENT_ID, None)
        where = "" if known is None else f", (file index, entry) {tuple(known[event].tolist())}"
        names = ", ".join(["x, y, z", *metric])
        message = (
            f"edges need finite coordinates; {int(bad.sum())} of {len(bad)} hits have others, the "
            f"first one hit {hit - int(batch.ptr[event])} of event {event} of the batch{where}: "
            f"{names} = {[float(f'{value:.6g}') for value in coordinates[hit]]}. Leave such events "
            f"out when reading (bad input: skip), or look for the augmentation that made them."
        )
        raise HitclrError(message)
    return coordinates


def _bounds(coordinates: Tensor, ptr: Tensor) -> tuple[Tensor, Tensor]:
    """The smallest and largest coordinates of each event [B, M]; zeros where it has no hits."""
    events = torch.repeat_interleave(counts_from_ptr(ptr))
    index = events[:, None].expand_as(coordinates)
    zeros = coordinates.new_zeros(ptr.numel() - 1, coordinates.size(1))
    low = zeros.scatter_reduce(0, index, coordinates, "amin", include_self=False)
    high = zeros.scatter_reduce(0, index, coordinates, "amax", include_self=False)
    return low, high
