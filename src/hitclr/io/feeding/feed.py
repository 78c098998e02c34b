"""Where the hits of a batch come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from torch import Tensor
from torch_geometric.data import Batch

from hitclr.events import EventStore

__all__ = ["Feed", "StoredFeed"]


class Feed(Protocol):
    """Events, and how their hits are had.

    Attributes:
        store: the events; it has their hits where ``stored`` is true, else everything but them.
        stored: whether any process that has the store can make a batch by `EventStore.batch`.
    """

    store: EventStore
    stored: bool

    def batches(self, steps: Sequence[Tensor]) -> Iterator[Batch]:
        """The batches of the events of each step, in order.

        Args:
            steps: for each the events [K] int64, rows of the store in rising order.

        Raises:
            InputError: a file cannot be read.
        """


class StoredFeed:
    """Events in memory, or mapped into it.

    Args:
        store: the events with their hits.
    """

    stored = True

    def __init__(self, store: EventStore) -> None:
        self.store = store

    def batches(self, steps: Sequence[Tensor]) -> Iterator[Batch]:
        """See `Feed.batches`."""
        return (self.store.batch(events) for events in steps)
