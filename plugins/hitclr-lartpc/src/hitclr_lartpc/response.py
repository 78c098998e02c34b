"""From true deposits to hits: electrons drift to the pixels and are read out."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from hitclr import fields
from hitclr.detectors import (
    Deposits,
    Throws,
    channel_uniform,
    offsets,
    pack_cells,
    sum_cells,
    unpack_cells,
)
from hitclr.events import EventStore
from hitclr_lartpc.geometry import (
    HALF,
    PITCH,
    SLICES,
    drift_of,
    in_volume,
    pixel_number,
    position_of,
)
from hitclr_lartpc.parameters import PARAMETERS
from hitclr_lartpc.physics import WORK, attenuation, diffusion_width, drift_velocity, modified_box

__all__ = ["arriving_charge", "respond"]

_SHORTEST = 0.03
"""Recombination is that of a track at least this long, in cm: the ionisation of a single collision,
or of a nuclear fragment, is not thinner than the path of its own electrons."""
_NEGLIGIBLE = 0.02
"""A part of a cloud smaller than this, across one border of a voxel, stays with the rest."""
_VOLUME_BITS = 10
_NOMINAL_FIELD = next(p.nominal for p in PARAMETERS if p.name == "field")


def respond(deposits: Deposits, throws: Throws, generator: torch.Generator) -> EventStore:
    """The hits that pixels make of the deposits; see `hitclr.detectors.Detector.respond`.

    The position along the drift is found with the *nominal* drift velocity, so another field
    stretches an event along the drift. A deposit that comes late, as of a decay electron, is read
    out further from the pixels.
    """
    cells, charge = arriving_charge(deposits, throws)
    event, place = unpack_cells(cells)
    volume, slices = place[:, 0] >> _VOLUME_BITS, place[:, 0] & ((1 << _VOLUME_BITS) - 1)
    row, column = place[:, 1], place[:, 2]

    def normal() -> Tensor:
        return torch.randn(charge.shape, generator=generator, device=generator.device)

    # The number of electrons that arrive fluctuates as a Poisson one, here its Gaussian limit.
    charge = charge + charge.sqrt() * normal() + throws["noise"][event] * normal()
    charge = charge * throws["gain"][event]
    luck = channel_uniform(pixel_number(volume, row, column), throws.channels[event])
    alive = luck >= throws["dead_fraction"][event]
    kept = (alive & (charge >= throws["threshold"][event])).nonzero().flatten()
    pos = position_of(volume[kept], slices[kept], row[kept], column[kept])
    return EventStore(
        hits={fields.POS: pos, fields.X: (charge[kept] / 1000)[:, None]},
        events=dict(deposits.truth),
        ptr=offsets(event[kept], len(deposits)),
        feature_names=("charge",),
        feature_units=("ke",),
        position_unit="cm",
    )


def arriving_charge(deposits: Deposits, throws: Throws) -> tuple[Tensor, Tensor]:
    """The electrons that arrive in each voxel, on average.

    Recombination, attenuation, diffusion, and the sharing of each cloud among the voxels it
    reaches: two along each axis, by the integral of a Gaussian.

    Returns:
        The voxels [K] int64, from `pack_cells`, sorted, and the number of electrons [K] float32.
    """
    inside = in_volume(deposits.pos).nonzero().flatten()
    event, pos = deposits.event[inside], deposits.pos[inside]
    energy, length = deposits.energy[inside], deposits.length[inside]
    field = throws["field"][event]
    volume, way = drift_of(pos[:, 0])
    velocity = drift_velocity(throws["field"])[event]
    time = way / velocity
    escaped = modified_box(energy / length.clamp(min=_SHORTEST), field)
    charge = energy / WORK * escaped * attenuation(time, throws["lifetime"][event])

    # In voxels from the pixels: along the drift by arrival time and nominal velocity.
    nominal = drift_velocity(torch.tensor(_NOMINAL_FIELD, device=pos.device))
    arrival = time + deposits.time[inside] / 1000
    along = arrival * nominal / PITCH
    slow = diffusion_width(time, throws["longitudinal_diffusion"][event]) * nominal / velocity
    wide = diffusion_width(time, throws["transverse_diffusion"][event]) / PITCH
    half = pos.new_tensor(HALF)
    across = (pos + half) / PITCH
    places = torch.stack([along, across[:, 1], across[:, 2]], 1)
    widths = torch.stack([slow / PITCH, wide, wide], 1)
    in_time = (along < SLICES).nonzero().flatten()
    source, cell, share = _shared(places[in_time], widths[in_time])
    source = in_time[source]
    cell[:, 0] = cell[:, 0].clamp(0, SLICES - 1)
    cell[:, 1] = cell[:, 1].clamp(0, _rows(HALF[1]))
    cell[:, 2] = cell[:, 2].clamp(0, _rows(HALF[2]))
    cell[:, 0] += volume[source] << _VOLUME_BITS
    cells, total = sum_cells(pack_cells(event[source], cell), charge[source] * share)
    return cells, total


def _rows(half: float) -> int:
    """The last row of pixels along a side of twice ``half`` cm; it may reach over the edge."""
    return math.ceil(2 * half / PITCH) - 1


def _shared(places: Tensor, widths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Share clouds among the voxels on both sides of the nearest border along each axis.

    Args:
        places: [M, 3] the clouds' middles in voxels.
        widths: [M, 3] their widths in voxels, well below a half.

    Returns:
        The cloud [S] of each share, its voxel [S, 3] int64, and its part of the charge [S]. The
        parts of a cloud sum to 1.
    """
    border = places.round()
    above = 0.5 * (1 + torch.erf((places - border) / (math.sqrt(2) * widths.clamp(min=1e-9))))
    above = torch.where(above < _NEGLIGIBLE, torch.zeros_like(above), above)
    above = torch.where(above > 1 - _NEGLIGIBLE, torch.ones_like(above), above)
    lower = border.long() - 1
    source = torch.arange(len(places), device=places.device)
    share = torch.ones_like(above[:, 0])
    steps = torch.zeros_like(source)
    for axis in range(3):
        part = above[source, axis]
        low, high = (part < 1).nonzero().flatten(), (part > 0).nonzero().flatten()
        steps = torch.cat([steps[low], steps[high] + (1 << axis)])
        share = torch.cat([share[low] * (1 - part[low]), share[high] * part[high]])
        source = torch.cat([source[low], source[high]])
    shift = torch.stack([steps >> axis & 1 for axis in range(3)], 1)
    return source, lower[source] + shift, share
