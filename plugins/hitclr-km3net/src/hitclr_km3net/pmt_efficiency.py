"""Photomultipliers that see less than the simulation thinks."""

from __future__ import annotations

import torch
from torch_geometric.data import Batch

from hitclr.augment import (
    Augmentation,
    Draws,
    Parameter,
    check_parameter,
    drop_hits,
    sample_parameter,
)
from hitclr_km3net.modules import CHANNEL_ID, DOM_ID, group_hits

__all__ = ["PmtEfficiency"]


class PmtEfficiency(Augmentation):
    """Keep each hit with the probability that is the efficiency of its photomultiplier.

    The efficiency is relative to that of the simulation: 1 changes nothing. It is that of the whole
    detector in the event, times one of each tube, and never more than 1, since hits that were not
    simulated cannot be put back. KM3NeT measures the tubes' efficiencies by the decays of potassium
    in the sea (Eur. Phys. J. C 80 (2020) 99, arXiv:1906.02704); the ranges here are choices, to be
    replaced by what is known of the runs that are looked at.

    It is an effective model: hits are lost one by one. In reality the hit of several photons gets
    shorter before it is lost, and so hits with a large time over threshold are lost too easily
    here.

    Args:
        efficiency: the efficiency of all tubes, relative to the simulation's, between 0 and 1;
            drawn per event.
        spread: the standard deviation, as a fraction, of the tubes' own efficiencies about 1; drawn
            per event. With 0 all are alike, and the batch needs no ids of modules and channels.
        probability: the probability with which each event is changed.

    Raises:
        SettingsError: an argument is out of range.
        SchemaError: (on use) the batch has no ``hit_dom_id`` or ``hit_channel_id`` where needed.
    """

    writes = ()
    keeps_hits = False

    def __init__(
        self,
        efficiency: Parameter = (0.9, 1.0),
        spread: Parameter = 0.0,
        probability: float = 1.0,
    ) -> None:
        super().__init__(probability)
        self.efficiency = check_parameter(
            "PmtEfficiency, efficiency", efficiency, low=0.0, high=1.0
        )
        self.spread = check_parameter("PmtEfficiency, spread", spread, low=0.0)
        if self.spread != 0.0:
            self.reads = (DOM_ID, CHANNEL_ID)

    def sample(self, batch: Batch, generator: torch.Generator) -> Draws:
        """Draw the efficiency of each event and of each hit's tube, and a chance for each hit."""
        device, events = generator.device, batch.num_graphs
        owner = batch.batch.to(device)
        drawn = {"efficiency": sample_parameter(self.efficiency, events, generator)}
        efficiency = drawn["efficiency"][owner]
        if self.reads:
            drawn["spread"] = sample_parameter(self.spread, events, generator)
            module, event = group_hits(owner, batch[DOM_ID].to(device))
            tube, of_module = group_hits(module, batch[CHANNEL_ID].to(device))
            own = torch.randn(of_module.numel(), generator=generator, device=device)
            efficiency = efficiency * (1.0 + drawn["spread"][event[of_module]] * own)[tube]
        chance = torch.rand(owner.numel(), generator=generator, device=device)
        hits = {"efficiency": efficiency.clamp(0.0, 1.0), "chance": chance}
        return Draws(ptr=batch.ptr, event=drawn, hit=hits)

    def transform(self, batch: Batch, draws: Draws) -> Batch:
        """Keep the hits whose chance is below the efficiency."""
        efficiency, chance = draws.hit["efficiency"], draws.hit["chance"]
        return drop_hits(batch, chance < efficiency, rank=efficiency - chance)
