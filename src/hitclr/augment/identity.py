"""No change: a part for `Choose`, so that some views stay as they are."""

from __future__ import annotations

import torch
from torch_geometric.data import Batch

from hitclr.augment.base import Augmentation
from hitclr.augment.draws import Draws
from hitclr.events import replace_hits

__all__ = ["Identity"]


class Identity(Augmentation):
    """Leave events as they are.

    Args:
        probability: the probability with which each event is, without effect here.
    """

    writes = ()
    keeps_distances = True

    def sample(self, batch: Batch, generator: torch.Generator) -> Draws:
        """Draw nothing."""
        return Draws(batch.ptr)

    def transform(self, batch: Batch, draws: Draws) -> Batch:
        """Change nothing."""
        return replace_hits(batch, {})
