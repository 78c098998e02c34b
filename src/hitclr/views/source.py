"""The contract of what gives the hits of views."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch_geometric.data import Batch

__all__ = ["ViewSource"]


class ViewSource(Protocol):
    """Gives the hits of the views of events, before augmentation.

    It has no state that changes: what it gives follows from its arguments alone, so that a step's
    views are the same in whatever process they are made.
    """

    def views(self, batch: Batch, generators: Sequence[torch.Generator]) -> list[Batch]:
        """The views of events.

        Args:
            batch: the K events as they were read; it is not changed.
            generators: one for each view; the source of all randomness.

        Returns:
            For each generator a batch of the K events in their order, with at least one hit in each
            that has one in ``batch``. Their event columns (label, id, key, domain, observers) are
            those of ``batch``. The batches may share tensors and are not to be changed.
        """
