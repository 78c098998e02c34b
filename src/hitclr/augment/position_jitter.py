"""The position of each hit, measured less well."""

from __future__ import annotations

import torch
from torch_geometric.data import Batch

from hitclr import fields
from hitclr.augment.base import Augmentation
from hitclr.augment.draws import Draws
from hitclr.augment.parameter import check_axes
from hitclr.events import replace_hits

__all__ = ["PositionJitter"]


class PositionJitter(Augmentation):
    """Move each hit on its own by a normal shift along each axis.

    Args:
        sigma: the width along each axis, or along x, y and z, in the unit of ``pos``.
        probability: the probability with which each event is changed.

    Raises:
        SettingsError: an argument is out of range.
    """

    writes = (fields.POS,)

    def __init__(
        self, sigma: float | tuple[float, float, float] = 0.3, probability: float = 1.0
    ) -> None:
        super().__init__(probability)
        self.sigma = check_axes("PositionJitter, sigma", sigma, low=0.0)

    def sample(self, batch: Batch, generator: torch.Generator) -> Draws:
        """Draw ``shift`` [N, 3] per hit, in the unit of ``pos``."""
        device = generator.device
        noise = torch.randn(batch.pos.size(0), 3, generator=generator, device=device)
        same = len(set(self.sigma)) == 1  # to multiply by one number is several times faster
        noise *= self.sigma[0] if same else torch.tensor(self.sigma, device=device)
        return Draws(batch.ptr, hit={"shift": noise})

    def transform(self, batch: Batch, draws: Draws) -> Batch:
        """Add the shifts to the positions."""
        return replace_hits(batch, {fields.POS: batch.pos + draws.hit["shift"]})
