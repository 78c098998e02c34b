"""Edges from the k nearest hits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hitclr.graphs.neighbours import EventTree, Graph, add_edges, check_count, check_metric

__all__ = ["KNN"]


@dataclass(frozen=True)
class KNN:
    """Edges to each hit from the ``k`` nearest other hits of its event.

    An event with ``n`` hits of which ``n`` is ``k`` or less has all ``n (n - 1)`` edges. Of hits
    at the same distance some are chosen by a hash of their positions, so that the edges of an
    event depend neither on the rest of the batch nor on the order of its hits (only among hits at
    one and the same position does the order decide).

    Attributes:
        k: the number of neighbours.
        metric: features of ``x`` that are further coordinates of the distance, each with its
            scale in the unit of the positions over the feature's unit: ``{"t": 0.22}`` for times
            in ns at 0.22 m/ns.

    Raises:
        SettingsError: ``k`` or a scale is not a usable number.

    >>> import torch
    >>> from hitclr.events import make_batch
    >>> hits = {"pos": torch.tensor([[0.0, 0, 0], [1, 0, 0], [3, 0, 0], [9, 0, 0]])}
    >>> batch = make_batch(hits, {}, torch.tensor([0, 3, 4]), [])
    >>> KNN(k=1)(batch).edge_index.tolist()
    [[1, 0, 1], [0, 1, 2]]
    """

    k: int = 16
    metric: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        check_count("KNN", "k", self.k)
        check_metric("KNN", self.metric)

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
        return add_edges(batch, lambda events: EventTree(events, self.metric).nearest(self.k))
