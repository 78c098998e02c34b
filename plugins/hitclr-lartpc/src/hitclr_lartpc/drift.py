"""Another drift field and electron lifetime, from the hits alone."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch_geometric.data import Batch

from hitclr import fields
from hitclr.augment import Augmentation, Draws, check_number
from hitclr.errors import SettingsError, did_you_mean
from hitclr.events import feature_index, replace_hits
from hitclr_lartpc.geometry import drift_of
from hitclr_lartpc.parameters import PARAMETERS
from hitclr_lartpc.physics import attenuation, drift_velocity, modified_box

__all__ = ["Drift"]

_PARAMETERS = {p.name: p for p in PARAMETERS if p.name in ("field", "lifetime")}


class Drift(Augmentation):
    """Give each event the charge and the places that it has under another field and lifetime.

    The charge of a hit is multiplied by what another lifetime leaves of it over its drift, and by
    the ratio of the electrons that escape recombination; its way to the pixels is stretched, as the
    readout takes the drift velocity to be nominal. No deposits are needed, so that it works on real
    events. It comes before `ChargeThreshold`, as a hit may fall below the threshold, and
    before what moves hits along the drift.

    What is approximate: events are taken to be nominal; a hit is where it seems to be, so that one
    beyond the cathode, late or under a lower field, is taken for one of the next volume;
    recombination is that of one dE/dx; diffusion stays; hits that come up from below the threshold,
    or into the readout window, are missing; hits leave the lattice of voxels.

    Args:
        vary: which of ``field`` and ``lifetime`` change, one of them or several, drawn per event
            from the detector's priors, or, in a mapping, between these ends, in kV/cm and us: as
            ``vary`` of ``views.resimulate``.
        dedx: in MeV/cm, for recombination; that of a minimum-ionising particle by default.
        feature: the name of the charge.
        probability: the probability with which each event is changed.

    Raises:
        SettingsError: an argument is out of range.
        SchemaError: (on use) the batch has no such feature.
    """

    def __init__(
        self,
        vary: str | tuple[str, ...] | Mapping[str, tuple[float, float]] = ("field", "lifetime"),
        dedx: float = 2.1,
        feature: str = "charge",
        probability: float = 1.0,
    ) -> None:
        super().__init__(probability)
        names = (vary,) if isinstance(vary, str) else tuple(vary)
        for name in names:
            if name not in _PARAMETERS:
                known = list(_PARAMETERS)
                message = f"Drift, vary: there is no {name!r}. {did_you_mean(name, known)}"
                raise SettingsError(message)
        given = vary if isinstance(vary, Mapping) else {}
        try:
            self.ends = {
                name: _PARAMETERS[name].check_range(given[name]) if name in given else None
                for name in names
            }
        except SettingsError as error:
            message = f"Drift, vary: {error}"
            raise SettingsError(message) from error
        self.dedx = check_number("Drift, dedx", dedx, low=0.1)
        self.feature = feature

    def sample(self, batch: Batch, generator: torch.Generator) -> Draws:
        """Draw ``field`` [B] in kV/cm and ``lifetime`` [B] in us per event."""
        drawn = {}
        for name, parameter in _PARAMETERS.items():
            if name in self.ends:
                drawn[name] = parameter.draw(batch.num_graphs, generator, self.ends[name])
            else:
                drawn[name] = torch.full(
                    (batch.num_graphs,), parameter.nominal, device=generator.device
                )
        return Draws(batch.ptr, event=drawn)

    def transform(self, batch: Batch, draws: Draws) -> Batch:
        """Scale the charge and stretch the drift of each hit."""
        column = feature_index(batch, self.feature)
        usual = {name: batch.pos.new_tensor(p.nominal) for name, p in _PARAMETERS.items()}
        field, lifetime = draws.event["field"], draws.event["lifetime"]
        dedx = batch.pos.new_tensor(self.dedx)
        escaped = modified_box(dedx, field) / modified_box(dedx, usual["field"])
        velocity, usual_velocity = drift_velocity(field), drift_velocity(usual["field"])

        volume, way = drift_of(batch.pos[:, 0])
        time = way / velocity.index_select(0, batch.batch)
        left = attenuation(time, lifetime.index_select(0, batch.batch))
        left = left / attenuation(way / usual_velocity, usual["lifetime"])
        x = batch.x.clone()
        x[:, column] *= left * escaped.index_select(0, batch.batch)
        pos = batch.pos.clone()
        farther = time * usual_velocity - way
        pos[:, 0] += torch.where(volume % 2 == 1, -farther, farther)
        return replace_hits(batch, {fields.POS: pos, fields.X: x})
