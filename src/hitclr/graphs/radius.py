"""Edges from all hits within a radius."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor
from torch_geometric.data import Batch

from hitclr.errors import SettingsError
from hitclr.graphs.neighbours import EventTree, Graph, add_edges, check_count, check_metric

__all__ = ["Radius"]


@dataclass(frozen=True)
class Radius:
    """Edges to each hit from the other hits of its event within a distance ``r``.

    Among hits at the same distance those are taken that `KNN` would take.

    Attributes:
        r: the largest distance, in the unit of the positions.
        max_neighbours: only so many of them, the nearest ones; None for all. The number of edges
            then grows with the square of the number of hits within ``r``.
        metric: features of ``x`` that are further coordinates of the distance, each with its
            scale in the unit of the positions over the feature's unit.

    Raises:
        SettingsError: ``r``, ``max_neighbours`` or a scale is not a usable number.

    >>> import torch
    >>> from hitclr.events import make_batch
    >>> hits = {"pos": torch.tensor([[0.0, 0, 0], [1, 0, 0], [3, 0, 0]])}
    >>> batch = make_batch(hits, {}, torch.tensor([0, 3]), [])
    >>> Radius(r=1.5)(batch).edge_index.tolist()
    [[1, 0], [0, 1]]
    """

    r: float
    max_neighbours: int | None = 32
    metric: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.r) and self.r > 0):
            message = f"Radius: expected for r a finite distance above 0, got {self.r!r}"
            raise SettingsError(message)
        if self.max_neighbours is not None:
            check_count("Radius", "max_neighbours", self.max_neighbours)
        check_metric("Radius", self.metric)

    def __call__(self, batch: Graph) -> Graph:
        """The batch with edges neighbour -> hit, no hit to itself, ordered by hit.

        The search runs on the CPU, on as many threads as torch has.

        Args:
            batch: the events, or a single one as a PyG ``Data``; they are not changed.

        Returns:
            A new batch, or ``Data``, with ``edge_index`` [2, E] int64 on the device of the hits.

        Raises:
            SchemaError: the batch lacks a feature of the metric.
            HitclrError: a position, or a feature of the metric, is not finite.
        """
        return add_edges(batch, self._edges)

    def _edges(self, batch: Batch) -> Tensor:
        tree = EventTree(batch, self.metric, reach=self.r)
        return tree.all() if self.max_neighbours is None else tree.nearest(self.max_neighbours)
