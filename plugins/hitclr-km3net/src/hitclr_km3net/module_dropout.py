"""Optical modules that fail as a whole."""

from __future__ import annotations

import torch
from torch_geometric.data import Batch
from torch_geometric.utils import scatter

from hitclr.augment import (
    Augmentation,
    Draws,
    Parameter,
    check_parameter,
    drop_hits,
    sample_parameter,
)
from hitclr_km3net.modules import DOM_ID, group_hits

__all__ = ["ModuleDropout"]


class ModuleDropout(Augmentation):
    """Drop all hits of some optical modules, as when a module is off or its data were lost.

    Each module that an event hit fails with the probability ``fraction``, on its own. The module
    that came off best stays whatever the fraction is, so that an event never loses all its hits.

    Args:
        fraction: the probability that a module fails, between 0 and 1.
        probability: the probability with which each event is changed.

    Raises:
        SettingsError: a fraction is not between 0 and 1.
        SchemaError: (on use) the batch has no ``hit_dom_id``.
    """

    reads = (DOM_ID,)
    writes = ()
    keeps_hits = False

    def __init__(self, fraction: Parameter = (0.0, 0.2), probability: float = 1.0) -> None:
        super().__init__(probability)
        self.fraction = check_parameter("ModuleDropout, fraction", fraction, low=0.0, high=1.0)

    def sample(self, batch: Batch, generator: torch.Generator) -> Draws:
        """Draw the fraction of each event, and one uniform number for each module of an event."""
        device = generator.device
        module, owner = group_hits(batch.batch.to(device), batch[DOM_ID].to(device))
        fraction = sample_parameter(self.fraction, batch.num_graphs, generator)
        luck = torch.rand(owner.numel(), generator=generator, device=device)
        return Draws(ptr=batch.ptr, event={"fraction": fraction}, hit={"luck": luck[module]})

    def transform(self, batch: Batch, draws: Draws) -> Batch:
        """Keep the modules whose number is at least the fraction, and the event's best one."""
        luck, owner = draws.hit["luck"], batch.batch
        best = scatter(luck, owner, dim_size=batch.num_graphs, reduce="max")
        keep = (luck >= draws.event["fraction"][owner]) | (luck == best[owner])
        return drop_hits(batch, keep, rank=luck)
