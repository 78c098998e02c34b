"""Noise hits: single photons from potassium 40 and bioluminescence."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import Batch
from torch_geometric.utils import scatter

from hitclr import fields
from hitclr.augment import (
    Augmentation,
    Draws,
    Normal,
    Parameter,
    add_hits,
    check_parameter,
    sample_parameter,
)
from hitclr.errors import AugmentationError
from hitclr.events import batch_from_ptr, feature_index, hit_fields, ptr_from_counts
from hitclr_km3net.modules import CHANNEL_ID, DOM_ID, TRIG, group_hits

__all__ = ["NoiseHits"]

_HITS_PER_KHZ_NS = 1e-6
_LARGEST_TOT_NS = 255.0  # KM3NeT's data acquisition writes it in 8 bits
_SINGLE_PHOTON_TOT = Normal(mean=23.5, deviation=6.0, minimum=1.0, maximum=_LARGEST_TOT_NS)


class NoiseHits(Augmentation):
    """Add uncorrelated noise hits on the modules that an event hit.

    The number of noise hits of an event is Poisson distributed about rate x window x channels x
    number of modules hit. Each falls on one of these modules, all alike, at a time that is
    uniform in the window.

    What is approximate: a batch knows just the photomultipliers that the event hit. So a noise hit
    takes the position, the direction and the ids of a photomultiplier of its module that has a
    hit, each of these alike, though it stands for all 31 of them; modules without a hit get no
    noise; and coincidences within a module (the same decay seen by two tubes) are not simulated.
    Features other than ``t`` and ``tot`` are those of that photomultiplier's hit. ``hit_trig`` is
    0: no trigger used the hit.

    Args:
        rate_khz: the rate per photomultiplier, kHz. KM3NeT's simulations take 5 for ARCA and 10
            for ORCA (arXiv:1601.07459).
        window_ns: the length of the window in ns, about the middle of the event's time range;
            without it, that range.
        tot_ns: the time over threshold, ns, drawn for each noise hit and rounded as the detector
            writes it; between 1 and 255. The default has the mean and the deviation of untriggered
            hits in simulated events (those of km3net-testdata).
        channels: the number of photomultipliers in a module.
        probability: the probability with which each event is changed.

    Raises:
        SettingsError: a rate, the window, a time over threshold or the channels are out of range.
        SchemaError: (on use) the batch lacks the feature ``t`` or ``tot``, ``hit_dom_id`` or
            ``hit_channel_id``.
    """

    reads = (DOM_ID, CHANNEL_ID)
    writes = ()
    keeps_hits = False

    def __init__(
        self,
        rate_khz: Parameter = (5.0, 10.0),
        window_ns: float | None = None,
        tot_ns: Parameter = _SINGLE_PHOTON_TOT,
        channels: int = 31,
        probability: float = 1.0,
    ) -> None:
        super().__init__(probability)
        self.rate_khz = check_parameter("NoiseHits, rate_khz", rate_khz, low=0.0)
        self.tot_ns = check_parameter("NoiseHits, tot_ns", tot_ns, low=1.0, high=_LARGEST_TOT_NS)
        if window_ns is not None:
            check_parameter("NoiseHits, window_ns", window_ns, low=0.0)
        check_parameter("NoiseHits, channels", channels, low=1.0)
        self.window_ns = window_ns
        self.channels = channels

    def sample(self, batch: Batch, generator: torch.Generator) -> Draws:
        """Draw the rate of each event, its number of noise hits, and what each of these is.

        The added draws [M]: ``hit``, the hit whose photomultiplier it takes, counted within the
        event; ``t`` and ``tot``, in ns.
        """
        device, events = generator.device, batch.num_graphs
        owner, ptr = batch.batch.to(device), batch.ptr.to(device)
        module, module_owner = group_hits(owner, batch[DOM_ID].to(device))
        tube, tube_module = group_hits(module, batch[CHANNEL_ID].to(device))
        modules = torch.bincount(module_owner, minlength=events)
        tubes = torch.bincount(tube_module, minlength=module_owner.numel())

        rate = sample_parameter(self.rate_khz, events, generator)
        start, length = self._window(batch, owner)
        expected = _HITS_PER_KHZ_NS * rate * length * self.channels * modules
        counts = torch.poisson(expected, generator=generator).long()
        added_ptr = ptr_from_counts(counts)
        event = batch_from_ptr(added_ptr)

        chosen = ptr_from_counts(modules)[event] + _below(modules[event], generator)
        chosen = ptr_from_counts(tubes)[chosen] + _below(tubes[chosen], generator)
        first = scatter(torch.arange(owner.numel(), device=device), tube, reduce="min")
        place = torch.rand(event.numel(), generator=generator, device=device)
        tot = sample_parameter(self.tot_ns, event.numel(), generator)
        return Draws(
            ptr=batch.ptr,
            event={"rate_khz": rate},
            added={
                "hit": first[chosen] - ptr[event],
                "t": start[event] + length[event] * place,
                "tot": tot.round(),
            },
            added_ptr=added_ptr,
        )

    def transform(self, batch: Batch, draws: Draws) -> Batch:
        """Append the drawn noise hits to their events."""
        if draws.added_ptr is None:
            message = "NoiseHits: expected draws with hits to add, these are another augmentation's"
            raise AugmentationError(message)
        source = batch.ptr[batch_from_ptr(draws.added_ptr)] + draws.added["hit"]
        hits = {name: column[source] for name, column in hit_fields(batch).items()}
        for name in ("t", "tot"):
            hits[fields.X][:, feature_index(batch, name)] = draws.added[name]
        if TRIG in hits:
            hits[TRIG] = torch.zeros_like(hits[TRIG])
        return add_hits(batch, hits, draws.added_ptr)

    def _window(self, batch: Batch, owner: Tensor) -> tuple[Tensor, Tensor]:
        """The start and the length of the window of each event [B], ns."""
        time = batch.x[:, feature_index(batch, "t")].to(owner.device)
        low = scatter(time, owner, dim_size=batch.num_graphs, reduce="min")
        high = scatter(time, owner, dim_size=batch.num_graphs, reduce="max")
        if self.window_ns is None:
            return low, high - low
        length = torch.full_like(low, self.window_ns)
        return 0.5 * (low + high - length), length


def _below(limit: Tensor, generator: torch.Generator) -> Tensor:
    """For each limit [M] int64 a whole number from 0 to limit - 1, all alike."""
    place = torch.rand(limit.numel(), generator=generator, device=limit.device)
    # The product may round up to the limit itself.
    return torch.minimum((place * limit).long(), limit - 1)
