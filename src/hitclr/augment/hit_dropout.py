"""Hits lost at random."""

from __future__ import annotations

import torch
from torch_geometric.data import Batch

from hitclr.augment.base import Augmentation
from hitclr.augment.draws import Draws
from hitclr.augment.hits import drop_hits
from hitclr.augment.parameter import Parameter, check_parameter, sample_parameter

__all__ = ["HitDropout"]


class HitDropout(Augmentation):
    """Drop each hit on its own with the same probability; at least one hit of an event stays.

    Args:
        fraction: the probability that a hit is dropped, between 0 and 1; drawn per event.
        probability: the probability with which each event is changed.

    Raises:
        SettingsError: an argument is out of range.
    """

    writes = ()
    keeps_hits = False

    def __init__(self, fraction: Parameter = 0.1, probability: float = 1.0) -> None:
        super().__init__(probability)
        self.fraction = check_parameter("HitDropout, fraction", fraction, low=0.0, high=1.0)

    def sample(self, batch: Batch, generator: torch.Generator) -> Draws:
        """Draw ``fraction`` [B] per event and ``chance`` [N], uniform in [0, 1), per hit."""
        fraction = sample_parameter(self.fraction, batch.num_graphs, generator)
        chance = torch.rand(batch.pos.size(0), generator=generator, device=generator.device)
        return Draws(batch.ptr, event={"fraction": fraction}, hit={"chance": chance})

    def transform(self, batch: Batch, draws: Draws) -> Batch:
        """Keep the hits whose chance is not below the fraction of their event."""
        chance = draws.hit["chance"]
        return drop_hits(
            batch, chance >= draws.event["fraction"].index_select(0, batch.batch), rank=chance
        )
