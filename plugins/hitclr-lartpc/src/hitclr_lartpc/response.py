"""From true deposits to hits: electrons drift to the pixels and are read out."""

from __future__ import annotations

import math
from collections.abc import Sequence

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
_LAST = (SLICES - 1, *(math.ceil(2 * half / PITCH) - 1 for half in HALF[1:]))
"""The last voxel along each axis; those along y and z may reach over the edge."""
_CORNERS = torch.cat([torch.zeros(1, 3, dtype=torch.int64), torch.eye(3, dtype=torch.int64)])
_PACKED = pack_cells(torch.zeros(4, dtype=torch.int64), _CORNERS).tolist()
_UNIT = tuple(packed - _PACKED[0] for packed in _PACKED[1:])
"""What a step of one voxel along each axis adds to a packed one."""
_NOMINAL_FIELD = next(p.nominal for p in PARAMETERS if p.name == "field")


def respond(deposits: Deposits, throws: Throws, generator: torch.Generator) -> EventStore:
    """The hits that pixels make of the deposits; see `hitclr.detectors.Detector.respond`.

    The position along the drift is found with the *nominal* drift velocity, so another field
    stretches an event along the drift. A deposit that comes late, as of a decay electron, is read
    out further from the pixels.
    """
    cells, charge = arriving_charge(deposits, throws)
    event, place = unpack_cells(cells)

    def normal() -> Tensor:
        return torch.randn(charge.shape, generator=generator, device=generator.device)

    def of_event(name: str) -> Tensor:
        return throws[name].index_select(0, event)

    # The number of electrons that arrive fluctuates as a Poisson one, here its Gaussian limit.
    charge = charge + charge.sqrt() * normal() + of_event("noise") * normal()
    charge = charge * of_event("gain")
    # Most voxels hold but the tail of a cloud: what follows is for those above threshold.
    heard = (charge >= of_event("threshold")).nonzero().flatten()
    charge, event, place = (part.index_select(0, heard) for part in (charge, event, place))
    volume, slices = place[:, 0] >> _VOLUME_BITS, place[:, 0] & ((1 << _VOLUME_BITS) - 1)
    row, column = place[:, 1], place[:, 2]
    channels = throws.channels.index_select(0, event)
    luck = channel_uniform(pixel_number(volume, row, column), channels)
    alive = (luck >= of_event("dead_fraction")).nonzero().flatten()
    pos = position_of(volume, slices, row, column).index_select(0, alive)
    return EventStore(
        hits={fields.POS: pos, fields.X: (charge.index_select(0, alive) / 1000)[:, None]},
        events=dict(deposits.truth),
        ptr=offsets(event.index_select(0, alive), len(deposits)),
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
    # The nominal velocity turns a time of arrival into a position along the drift.
    nominal = drift_velocity(torch.tensor(_NOMINAL_FIELD, device=deposits.device))
    inside = in_volume(deposits.pos).nonzero().flatten()
    event, pos = deposits.event.index_select(0, inside), deposits.pos.index_select(0, inside)
    late = deposits.time.index_select(0, inside) / 1000
    volume, way = drift_of(pos[:, 0])
    time = way / drift_velocity(throws["field"]).index_select(0, event)
    along = (time + late) * nominal / PITCH

    in_time = (along < SLICES).nonzero().flatten()
    event, pos, volume, time, along = (
        part.index_select(0, in_time) for part in (event, pos, volume, time, along)
    )
    rows = inside.index_select(0, in_time)
    energy, length = deposits.energy.index_select(0, rows), deposits.length.index_select(0, rows)

    def of_event(name: str) -> Tensor:
        return throws[name].index_select(0, event)

    field = of_event("field")
    escaped = modified_box(energy / length.clamp(min=_SHORTEST), field)
    charge = energy / WORK * escaped * attenuation(time, of_event("lifetime"))

    # In voxels from the pixels, and from the lower edges along y and z.
    stretch = (nominal / drift_velocity(throws["field"])).index_select(0, event)
    slow = diffusion_width(time, of_event("longitudinal_diffusion")) * stretch / PITCH
    wide = diffusion_width(time, of_event("transverse_diffusion")) / PITCH
    places = (along, (pos[:, 1] + HALF[1]) / PITCH, (pos[:, 2] + HALF[2]) / PITCH)
    sides = [
        _sides(place, width, last)
        for place, width, last in zip(places, (slow, wide, wide), _LAST, strict=True)
    ]
    low = torch.stack([lower for lower, _, _ in sides], 1)
    low[:, 0] += volume << _VOLUME_BITS
    moves = [step * unit for (_, step, _), unit in zip(sides, _UNIT, strict=True)]
    cells, parts = _shared(pack_cells(event, low), charge, moves, [above for _, _, above in sides])
    cells, total = sum_cells(cells, parts)
    return cells, total


def _sides(place: Tensor, width: Tensor, last: int) -> tuple[Tensor, Tensor, Tensor]:
    """The voxels on both sides of the border that is nearest to a cloud, along one axis.

    Args:
        place: [M] the clouds' middles in voxels.
        width: [M] their widths in voxels, well below a half.
        last: the number of the last voxel; what reaches beyond it or below 0 stays at the edge.

    Returns:
        The lower voxel [M] int64, the step from it to the upper one [M], 1 or at an edge 0, and
        the part of the cloud in the upper one [M], between 0 and 1.
    """
    border = place.round()
    above = 0.5 * (1 + torch.erf((place - border) / (math.sqrt(2) * width.clamp(min=1e-9))))
    above = torch.where(above < _NEGLIGIBLE, 0.0, above)
    above = torch.where(above > 1 - _NEGLIGIBLE, 1.0, above)
    upper = border.long()
    lower = (upper - 1).clamp(0, last)
    return lower, upper.clamp(0, last) - lower, above


def _shared(
    cell: Tensor, charge: Tensor, moves: Sequence[Tensor], above: Sequence[Tensor]
) -> tuple[Tensor, Tensor]:
    """Share clouds between two voxels along each axis.

    Args:
        cell: [M] int64, the voxel of each cloud that is the lower one along all axes, packed.
        charge: [M] what to share.
        moves: for each axis [M] int64, what leads from a packed voxel to the upper one.
        above: for each axis [M], the part in the upper one.

    Returns:
        The packed voxel [S] and the charge [S] of each share that is not 0. The sum of the charge
        stays.
    """
    source = torch.arange(len(cell), device=cell.device)
    for axis, (move, part) in enumerate(zip(moves, above, strict=True)):
        # Every share stays on the side where more of it is, and a copy goes to the other side
        # where something is left for it: few do, so that little is copied.
        upper = part > 0.5
        near = torch.where(upper, part, 1 - part)
        here = torch.where(upper, move, 0)
        across = move - 2 * here
        if axis:
            near, here, across = (value.index_select(0, source) for value in (near, here, across))
        cell = cell + here
        split = (near < 1).nonzero().flatten()
        far = charge.index_select(0, split) * (1 - near.index_select(0, split))
        other = cell.index_select(0, split) + across.index_select(0, split)
        cell, charge = torch.cat([cell, other]), torch.cat([charge * near, far])
        source = torch.cat([source, source.index_select(0, split)])
    return cell, charge
