"""Hit times that are not quite right."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import Batch

from hitclr import fields
from hitclr.augment import Augmentation, Draws, Parameter, check_parameter, sample_parameter
from hitclr.events import feature_index, replace_hits
from hitclr_km3net.modules import DOM_ID, STRING, group_hits

__all__ = ["TimeJitter"]


class TimeJitter(Augmentation):
    """Shift the time of each hit, and all times of a module or a string together, normally.

    The first stands for the transit time spread of a photomultiplier: 2 ns is a full width at half
    maximum of 4.7 ns, within the 5 ns that KM3NeT asks of its tubes (arXiv:1601.07459). The others
    stand for errors of the time calibration, of modules against each other and of strings against
    each other, which has to be good to a nanosecond (arXiv:1510.01561). In an event all hits of a
    module share one shift, and all hits of a string another.

    Args:
        sigma_ns: the standard deviation of the shift of a hit, ns.
        module_sigma_ns: the standard deviation of the shift of a module, ns. With 0 there is none,
            and the batch needs no ``hit_dom_id``.
        string_sigma_ns: the standard deviation of the shift of a string, ns. With 0 there is none,
            and the batch needs no ``hit_string``, which comes with a detector description.
        probability: the probability with which each event is changed.

    Raises:
        SettingsError: a standard deviation is negative.
        SchemaError: (on use) the batch has no feature ``t``, or no ``hit_dom_id`` or ``hit_string``
            where needed.
    """

    writes = (fields.X,)
    keeps_distances = True

    def __init__(
        self,
        sigma_ns: Parameter = 2.0,
        module_sigma_ns: Parameter = 0.0,
        string_sigma_ns: Parameter = 0.0,
        probability: float = 1.0,
    ) -> None:
        super().__init__(probability)
        self.sigma_ns = check_parameter("TimeJitter, sigma_ns", sigma_ns, low=0.0)
        self.module_sigma_ns = check_parameter(
            "TimeJitter, module_sigma_ns", module_sigma_ns, low=0.0
        )
        self.string_sigma_ns = check_parameter(
            "TimeJitter, string_sigma_ns", string_sigma_ns, low=0.0
        )
        groups = {
            "module_sigma_ns": (DOM_ID, self.module_sigma_ns),
            "string_sigma_ns": (STRING, self.string_sigma_ns),
        }
        self._groups = {name: group for name, group in groups.items() if group[1] != 0.0}
        self.reads = tuple(column for column, _ in self._groups.values())

    def sample(self, batch: Batch, generator: torch.Generator) -> Draws:
        """Draw the widths of each event and the shift of each hit, in ns."""
        device = generator.device
        owner = batch.batch.to(device)
        sigma = sample_parameter(self.sigma_ns, batch.num_graphs, generator)
        widths = {"sigma_ns": sigma}
        shift = sigma[owner] * torch.randn(owner.numel(), generator=generator, device=device)
        for name, (column, width) in self._groups.items():
            widths[name] = sample_parameter(width, batch.num_graphs, generator)
            shift = shift + _common(owner, batch[column].to(device), widths[name], generator)
        return Draws(ptr=batch.ptr, event=widths, hit={"shift_ns": shift})

    def transform(self, batch: Batch, draws: Draws) -> Batch:
        """Add the shifts to the feature ``t``."""
        x = batch.x.clone()
        x[:, feature_index(batch, "t")] += draws.hit["shift_ns"]
        return replace_hits(batch, {fields.X: x})


def _common(owner: Tensor, ids: Tensor, width: Tensor, generator: torch.Generator) -> Tensor:
    """A shift [N] that all hits of an event with one id share, of each event's width [B]."""
    group, event = group_hits(owner, ids)
    common = torch.randn(event.numel(), generator=generator, device=generator.device)
    return (width[event] * common)[group]
