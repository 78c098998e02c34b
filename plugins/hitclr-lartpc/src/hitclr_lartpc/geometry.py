"""Where the argon is, where the electrons drift to, and which pixel sees them.

ND-LAr's active volume (DUNE, arXiv:2103.13910, sec. 2.2) is 7 m x 3 m x 5 m in modules of 1 m. Here
x is the drift: in each module a cathode in the middle, and pixels at both sides, 50 cm away.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = [
    "DRIFT",
    "HALF",
    "MODULES",
    "PITCH",
    "SLICES",
    "VOLUME",
    "WINDOW",
    "drift_of",
    "in_volume",
    "pixel_number",
    "position_of",
]

HALF = (350.0, 150.0, 250.0)
"""Half the sides of the active volume in cm."""
MODULES = 7
"""The number of modules along the drift."""
DRIFT = 50.0
"""The longest drift in cm."""
PITCH = 0.38
"""A pixel's side, and a voxel's length along the drift at nominal velocity, in cm (the voxels of
arXiv:2502.07724; ND-LAr's pixels are 0.37 to 0.44 cm)."""
WINDOW = 2.0
"""Electrons are read out for this many times the longest nominal drift time."""
SLICES = int(WINDOW * DRIFT / PITCH) + 1
"""The number of voxels along the drift that the window holds."""

VOLUME = (
    (-HALF[0], -HALF[1], -HALF[2]),
    (HALF[0], HALF[1] + PITCH / 2, HALF[2] + PITCH / 2),
)
"""The corners of the box that the centres of voxels lie in, in cm. The active volume is no whole
number of pixels: the middle of the last one may be up to half a pixel beyond."""

_ROWS = 1 << 11
"""More pixels than there are along y or z."""


def in_volume(pos: Tensor) -> Tensor:
    """Which positions [M, 3] in cm are in the active volume: [M] bool."""
    half = pos.new_tensor(HALF)
    return (pos.abs() < half).all(1)


def drift_of(x: Tensor) -> tuple[Tensor, Tensor]:
    """The drift volume [M] int64, 0 to 13, of positions x [M] in cm, and the way to its pixels.

    Even volumes drift towards lower x, odd ones towards higher x.
    """
    volume = torch.floor((x + HALF[0]) / DRIFT).long().clamp(0, 2 * MODULES - 1)
    low_edge = volume * DRIFT - HALF[0]
    from_low = x - low_edge
    upwards = volume % 2 == 1
    return volume, torch.where(upwards, DRIFT - from_low, from_low).clamp(0.0, DRIFT)


def position_of(volume: Tensor, slices: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """The centres [M, 3] in cm, float32, of voxels; slices are counted from the pixels.

    A voxel that is read out later than the longest drift lies beyond the cathode.
    """
    way = (slices + 0.5) * PITCH
    low_edge = volume * DRIFT - HALF[0]
    x = torch.where(volume % 2 == 1, low_edge + DRIFT - way, low_edge + way)
    y = (row + 0.5) * PITCH - HALF[1]
    z = (column + 0.5) * PITCH - HALF[2]
    return torch.stack([x, y, z], 1).to(torch.float32)


def pixel_number(volume: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """One number [M] int64 for each pixel of the detector."""
    return (volume * _ROWS + row) * _ROWS + column
