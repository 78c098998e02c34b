"""Hit times that are not quite right."""

from __future__ import annotations

import torch
from torch_geometric.data import Batch

from hitclr import fields
from hitclr.augment import Augmentation, Draws, Parameter, check_parameter, sample_parameter
from hitclr.events import feature_index, replace_hits
from hitclr_km3net.modules import DOM_ID, group_hits

__all__ = ["TimeJitter"]


class TimeJitter(Augmentation):
    """Shift the time of each hit, and all times of a module together, by normal amounts.

    The first stands for the transit time spread of a photomultiplier: 2 ns is a full width at half
    maximum of 4.7 ns, within the 5 ns that KM3NeT asks of its tubes (arXiv:1601.07459). The second
    stands for an error of the time calibration of modules, which has to be good to a nanosecond
    (arXiv:1510.01561).

    Args:
        sigma_ns: the standard deviation of the shift of a hit, ns.
        module_sigma_ns: the standard deviation of the shift that all hits of a module in an event
            share, ns. With 0 there is none, and the batch needs no ``hit_dom_id``.
        probability: the probability with which each event is changed.

    Raises:
        SettingsError: a standard deviation is negative.
        SchemaError: (on use) the batch has no feature ``t``, or no ``hit_dom_id`` where needed.
    """

    writes = (fields.X,)
    keeps_distances = True

    def __init__(
        self,
        sigma_ns: Parameter = 2.0,
        module_sigma_ns: Parameter = 0.0,
        probability: float = 1.0,
    ) -> None:
        super().__init__(probability)
        self.sigma_ns = check_parameter("TimeJitter, sigma_ns", sigma_ns, low=0.0)
        self.module_sigma_ns = check_parameter(
            "TimeJitter, module_sigma_ns", module_sigma_ns, low=0.0
        )
        if self.module_sigma_ns != 0.0:
            self.reads = (DOM_ID,)

    def sample(self, batch: Batch, generator: torch.Generator) -> Draws:
        """Draw the two widths of each event and the shift of each hit, in ns."""
        device = generator.device
        owner = batch.batch.to(device)
        sigma = sample_parameter(self.sigma_ns, batch.num_graphs, generator)
        widths = {"sigma_ns": sigma}
        shift = sigma[owner] * torch.randn(owner.numel(), generator=generator, device=device)
        if self.reads:
            module, event = group_hits(owner, batch[DOM_ID].to(device))
            width = sample_parameter(self.module_sigma_ns, batch.num_graphs, generator)
            widths["module_sigma_ns"] = width
            common = torch.randn(event.numel(), generator=generator, device=device)
            shift = shift + (width[event] * common)[module]
        return Draws(ptr=batch.ptr, event=widths, hit={"shift_ns": shift})

    def transform(self, batch: Batch, draws: Draws) -> Batch:
        """Add the shifts to the feature ``t``."""
        x = batch.x.clone()
        x[:, feature_index(batch, "t")] += draws.hit["shift_ns"]
        return replace_hits(batch, {fields.X: x})
