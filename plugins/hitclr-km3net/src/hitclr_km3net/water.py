"""Sea water that lets less light through than the simulation thinks."""

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
from hitclr_km3net.light_source import source_distance

__all__ = ["WaterAttenuation"]

_ABSORPTION_M = 60.0
_SCATTERING_M = 265.0
"""Blue light at the site of ANTARES, near that of ORCA: Astropart. Phys. 23 (2005) 131,
astro-ph/0412126, which finds that both vary by about 15 % in time."""

_LOWEST = 0.85
"""That variation, downwards."""


class WaterAttenuation(Augmentation):
    """Lose hits far from the source of the light, as in water that absorbs or scatters more.

    Light that has gone the way d is attenuated as ``exp(-d / absorption - d / scattering)``. A
    simulation has this with its own two lengths; with shorter ones a hit at the distance d from the
    source is kept with the probability::

        exp(-d (1 / absorption - 1 / nominal_absorption + 1 / scattering - 1 / nominal_scattering))

    It is an effective model: the source is estimated from the hits (`source_distance`), the way is
    taken to be straight, hits are lost one by one, all colours are alike, and light that is
    scattered is lost, though some arrives later in reality. Lengths above the nominal ones would
    need hits that were not simulated; put your simulation's lengths as the nominal ones.

    Args:
        absorption_m: the absorption length, m; drawn per event.
        scattering_m: the effective scattering length, that of single scatterings divided by one
            minus their mean cosine, m; drawn per event.
        nominal_absorption_m: the absorption length of the simulation, m.
        nominal_scattering_m: the effective scattering length of the simulation, m.
        probability: the probability with which each event is changed.

    Raises:
        SettingsError: a length is not positive, or above the nominal one.
    """

    writes = ()
    keeps_hits = False

    def __init__(
        self,
        absorption_m: Parameter = (_LOWEST * _ABSORPTION_M, _ABSORPTION_M),
        scattering_m: Parameter = (_LOWEST * _SCATTERING_M, _SCATTERING_M),
        nominal_absorption_m: float = _ABSORPTION_M,
        nominal_scattering_m: float = _SCATTERING_M,
        probability: float = 1.0,
    ) -> None:
        super().__init__(probability)
        for name, value in (
            ("nominal_absorption_m", nominal_absorption_m),
            ("nominal_scattering_m", nominal_scattering_m),
        ):
            check_parameter(f"WaterAttenuation, {name}", value, low=1.0)
        self.nominal_absorption_m = nominal_absorption_m
        self.nominal_scattering_m = nominal_scattering_m
        self.absorption_m = check_parameter(
            "WaterAttenuation, absorption_m", absorption_m, low=1.0, high=nominal_absorption_m
        )
        self.scattering_m = check_parameter(
            "WaterAttenuation, scattering_m", scattering_m, low=1.0, high=nominal_scattering_m
        )

    def sample(self, batch: Batch, generator: torch.Generator) -> Draws:
        """Draw the two lengths of each event in m, and a chance for each hit."""
        events, device = batch.num_graphs, generator.device
        lengths = {
            "absorption_m": sample_parameter(self.absorption_m, events, generator),
            "scattering_m": sample_parameter(self.scattering_m, events, generator),
        }
        chance = torch.rand(batch.pos.size(0), generator=generator, device=device)
        return Draws(ptr=batch.ptr, event=lengths, hit={"chance": chance})

    def transform(self, batch: Batch, draws: Draws) -> Batch:
        """Keep the hits whose chance is below the probability that their light arrives."""
        more = (
            1.0 / draws.event["absorption_m"].double()
            - 1.0 / self.nominal_absorption_m
            + 1.0 / draws.event["scattering_m"].double()
            - 1.0 / self.nominal_scattering_m
        )
        # A length drawn at its upper end may be rounded beyond it.
        more = more.clamp(min=0.0)
        arrives = torch.exp(-more[batch.batch] * source_distance(batch))
        chance = draws.hit["chance"]
        return drop_hits(batch, chance < arrives, rank=arrives - chance)
