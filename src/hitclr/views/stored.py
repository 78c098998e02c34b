"""Views with the hits that were read."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch_geometric.data import Batch

from hitclr.events import EventStore

__all__ = ["StoredViews"]


class StoredViews:
    """The events as they are, in every view.

    Args:
        store: the events.
    """

    def __init__(self, store: EventStore) -> None:
        self.store = store

    def views(self, events: Tensor, generators: Sequence[torch.Generator]) -> list[Batch]:
        """The same batch for each generator; see `ViewSource.views`."""
        batch = self.store.batch(events)
        return [batch for _ in generators]
