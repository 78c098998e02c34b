"""The lattice of cubes: where they are, how they are numbered, which ones touch."""

from __future__ import annotations

import torch
from torch import Tensor

from hitclr_cube.light import attenuation

__all__ = [
    "CUBES",
    "FACES",
    "HALF",
    "SIDE",
    "centre_of",
    "cube_of",
    "fibre_transmission",
    "in_volume",
    "number_of",
    "numbered",
]

SIDE = 192
"""The number of cubes along each axis. 1.92 m is the longest side of T2K's SuperFGD (1920 x 560 x
1840 mm3, arXiv:2008.08861); all sides are alike here, so that no direction is singled out."""

HALF = SIDE / 2
"""Half a side in cm. A cube is 1 cm wide; the origin is the middle of the volume, where eight cubes
meet."""

CUBES = SIDE**3
"""The number of cubes."""

FACES = ((-1, 0, 0), (1, 0, 0), (0, -1, 0), (0, 1, 0), (0, 0, -1), (0, 0, 1))
"""The steps from a cube to the six that share a face with it."""


def in_volume(pos: Tensor) -> Tensor:
    """Which positions [M, 3] in cm lie in the detector: [M] bool."""
    return ((pos >= -HALF) & (pos < HALF)).all(1)


def cube_of(pos: Tensor) -> Tensor:
    """The cube of each position [M, 3] in cm: its place along each axis, 0 to `SIDE` - 1 inside."""
    return torch.floor(pos + HALF).long()


def centre_of(cube: Tensor) -> Tensor:
    """The centre [M, 3] in cm, float32, of each cube [M, 3]."""
    return cube.to(torch.float32) + (0.5 - HALF)


def number_of(cube: Tensor) -> Tensor:
    """The number [M] of each cube [M, 3] inside: 0 to `CUBES` - 1.

    >>> number_of(torch.tensor([[0, 1, 2]]))
    tensor([194])
    """
    return (cube[:, 0] * SIDE + cube[:, 1]) * SIDE + cube[:, 2]


def numbered(number: Tensor) -> Tensor:
    """The cube [M, 3] of each number [M].

    >>> numbered(torch.tensor([194]))
    tensor([[0, 1, 2]])
    """
    rest = number // SIDE
    return torch.stack([rest // SIDE, rest % SIDE, number % SIDE], 1)


def fibre_transmission(cube: Tensor) -> Tensor:
    """The light of each cube [M, 3] that reaches the sensors, relative to a cube in the middle.

    Each of the three fibres collects a third of the light. The one along an axis is read out at
    the lower end of that axis; from there the distance is measured to the centre of the cube.

    Returns:
        [M] float32.
    """
    distance = torch.arange(SIDE, device=cube.device) + 0.5
    middle = attenuation(torch.tensor(HALF, device=cube.device))
    share = attenuation(distance) / (3 * middle)
    return share[cube[:, 0]] + share[cube[:, 1]] + share[cube[:, 2]]
