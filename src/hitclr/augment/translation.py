"""Events moved as a whole."""

from __future__ import annotations

import torch
from torch_geometric.data import Batch

from hitclr import fields
from hitclr.augment.base import Augmentation
from hitclr.augment.draws import Draws
from hitclr.augment.parameter import check_axes
from hitclr.events import replace_hits

__all__ = ["Translation"]


class Translation(Augmentation):
    """Move each event by a shift that is uniform in ``+-distance`` along each axis.

    Args:
        distance: the largest shift along each axis, or along x, y and z, in the unit of ``pos``.
        probability: the probability with which each event is changed.

    Raises:
        SettingsError: an argument is out of range.
    """

    writes = (fields.POS,)
    keeps_distances = True

    def __init__(
        self, distance: float | tuple[float, float, float], probability: float = 1.0
    ) -> None:
        super().__init__(probability)
        self.distance = check_axes("Translation, distance", distance, low=0.0)

    def sample(self, batch: Batch, generator: torch.Generator) -> Draws:
        """Draw ``shift`` [B, 3] per event, in the unit of ``pos``."""
        device = generator.device
        unit = torch.rand(batch.num_graphs, 3, generator=generator, device=device)
        shift = (2 * unit - 1) * torch.tensor(self.distance, device=device)
        return Draws(batch.ptr, event={"shift": shift})

    def transform(self, batch: Batch, draws: Draws) -> Batch:
        """Add the shift of the event to the positions of its hits."""
        return replace_hits(
            batch, {fields.POS: batch.pos + draws.event["shift"].index_select(0, batch.batch)}
        )
