"""Occupied voxels of all events, coarser and coarser, and which of them touch."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from hitclr.errors import HitclrError
from hitclr.events import ptr_from_counts

__all__ = ["Coarsening", "VoxelLevel", "coarsen", "find_neighbours", "occupied"]


class VoxelLevel(NamedTuple):
    """The occupied voxels of B events, each once, by event, x, y and z.

    Attributes:
        event: [M] int64, the event of each voxel.
        cell: [M, 3] int64, its place.
        ptr: [B+1] int64, the offsets of the events in the voxels.
        key: [M] int64, in rising order; one voxel further along z is one more.
        steps: what the key changes by from a voxel to the next one along x, y and z.
    """

    event: Tensor
    cell: Tensor
    ptr: Tensor
    key: Tensor
    steps: tuple[int, int, int]


class Coarsening(NamedTuple):
    """Which voxels of a level lie in which of the next one, whose voxels are twice as wide.

    Attributes:
        parent: [M] int64, the voxel of the next level.
        octant: [M] int64, which eighth of it, ``4 x + 2 y + z``.
    """

    parent: Tensor
    octant: Tensor


def occupied(event: Tensor, cell: Tensor, num_events: int) -> tuple[VoxelLevel, Tensor]:
    """The voxels that any hit is in.

    Args:
        event: [N] int64, the event of each hit.
        cell: [N, 3] int64, its voxel.
        num_events: the number B of events.

    Returns:
        The voxels, and the voxel [N] int64 of each hit.

    Raises:
        HitclrError: the events are so wide that voxels cannot be numbered by 63 bits.
    """
    if not cell.numel():
        empty = event.new_zeros(0)
        ptr = event.new_zeros(num_events + 1)
        return VoxelLevel(empty, cell.new_zeros(0, 3), ptr, empty, (1, 1, 1)), empty
    low = cell.amin(0)
    # One empty voxel at either side, so that a step from one row does not lead into the next.
    sides = (cell.amax(0) - low + 3).tolist()
    steps = (sides[1] * sides[2], sides[2], 1)
    if num_events * sides[0] * steps[0] >= 2**63:
        message = (
            f"expected events that span fewer voxels; these {num_events} span "
            f"{sides[0]} x {sides[1]} x {sides[2]}. Give a larger cell, or look for hits far from "
            f"all others."
        )
        raise HitclrError(message)
    x, y, z = (cell - low + 1).unbind(1)
    key = ((event * sides[0] + x) * sides[1] + y) * sides[2] + z
    key, place = torch.unique(key, return_inverse=True)
    rest = key // sides[2]
    cells = torch.stack([rest // sides[1] % sides[0], rest % sides[1], key % sides[2]], 1)
    events = rest // (sides[0] * sides[1])
    ptr = ptr_from_counts(torch.bincount(events, minlength=num_events))
    return VoxelLevel(events, cells + (low - 1), ptr, key, steps), place


def coarsen(level: VoxelLevel) -> tuple[VoxelLevel, Coarsening]:
    """The level of voxels twice as wide, and how the voxels of ``level`` lie in it."""
    half = level.cell >> 1  # rounds down, also below 0
    coarse, parent = occupied(level.event, half, level.ptr.numel() - 1)
    x, y, z = (level.cell - 2 * half).unbind(1)
    return coarse, Coarsening(parent, 4 * x + 2 * y + z)


def find_neighbours(level: VoxelLevel) -> tuple[Tensor, Tensor, Tensor]:
    """All pairs of occupied voxels that touch, be it at a corner, and each with itself.

    Voxels of different events never touch. The number of an offset is ``9 (dx+1) + 3 (dy+1) +
    (dz+1)``, with ``d`` from the voxel to its neighbour; a voxel has number 13 from itself.

    Returns:
        The voxel, the number of the offset and the neighbour [E] int64 of each pair, ordered by
        voxel, then by offset.
    """
    key = level.key
    if not key.numel():
        return key, key, key
    # Of three voxels in a row along z, the second and third follow the first in the order of keys.
    rows = torch.tensor(
        [dx * level.steps[0] + dy * level.steps[1] for dx in (-1, 0, 1) for dy in (-1, 0, 1)],
        device=key.device,
    )
    wanted = key[None, :] + rows[:, None]
    place = torch.searchsorted(key, wanted - 1)
    padded = torch.cat([key, key.new_full((1,), torch.iinfo(key.dtype).max)])
    there, places = [], []
    for dz in (-1, 0, 1):
        found = padded[place] == wanted + dz
        there.append(found)
        places.append(place)
        place = place + found
    table = torch.stack(there, 1).flatten(0, 1).T  # [M, 27]
    voxel, offset = table.nonzero(as_tuple=True)
    neighbour = torch.stack(places, 1).flatten(0, 1).T[table]
    return voxel, offset, neighbour
