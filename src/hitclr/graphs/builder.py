"""What an edge builder is."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from torch_geometric.data import Batch

__all__ = ["EdgeBuilder"]


@runtime_checkable
class EdgeBuilder(Protocol):
    """A callable that gives a batch its edges.

    An edge goes from a neighbour to a hit, both of one event, and is set with
    `hitclr.events.with_edges`, so that PyG can take the batch apart again. The edges of an event
    do not depend on the other events of the batch.
    """

    def __call__(self, batch: Batch) -> Batch:
        """A new batch with ``edge_index`` [2, E] int64; ``batch`` is not changed."""
        ...
