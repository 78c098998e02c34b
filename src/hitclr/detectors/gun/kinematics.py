"""Directions, boosts and two-body kinematics, for many particles at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["boosted", "isotropic", "momentum", "split_in_two", "turned", "unit"]

Floats = NDArray[np.float64]


def isotropic(count: int, random: np.random.Generator) -> Floats:
    """Unit vectors [count, 3], evenly over the sphere."""
    cosine = random.uniform(-1.0, 1.0, count)
    angle = random.uniform(0.0, 2 * np.pi, count)
    sine = np.sqrt(1 - cosine * cosine)
    return np.stack([sine * np.cos(angle), sine * np.sin(angle), cosine], 1)


def momentum(energy: Floats, mass: Floats | float) -> Floats:
    """The momentum in MeV of particles of that kinetic energy and mass in MeV."""
    squared: Floats = energy * (energy + 2 * mass)
    return np.sqrt(squared)


def unit(vector: Floats) -> Floats:
    """The vectors [N, 3] scaled to length 1; one without length points along z."""
    length = np.sqrt((vector * vector).sum(1))
    still = length < 1e-12
    scaled = vector / np.where(still, 1.0, length)[:, None]
    scaled[still] = (0.0, 0.0, 1.0)
    return scaled


def turned(direction: Floats, cosine: Floats, azimuth: Floats) -> Floats:
    """Unit vectors [N, 3] at a polar angle and an azimuth about ``direction`` [N, 3]."""
    x, y, z = direction.T
    flat = np.sqrt(x * x + y * y)
    along_z = flat < 1e-9
    safe = np.where(along_z, 1.0, flat)
    sine = np.sqrt(np.maximum(1 - cosine * cosine, 0.0))
    a, b = sine * np.cos(azimuth), sine * np.sin(azimuth)
    ex, ey = np.where(along_z, 1.0, x / safe), np.where(along_z, 0.0, y / safe)
    made = np.empty_like(direction)
    made[:, 0] = a * ex * z - b * ey + cosine * x
    made[:, 1] = a * ey * z + b * ex + cosine * y
    made[:, 2] = -a * flat + cosine * z
    # For a direction along z the rotated axes are x and y, mirrored where it points down.
    made[along_z, 0], made[along_z, 1] = (a * z)[along_z], b[along_z]
    return made


def boosted(energy: Floats, vector: Floats, beta: Floats) -> tuple[Floats, Floats]:
    """Total energy [N] and momentum [N, 3] seen from a frame that moves with ``-beta`` [N, 3].

    PDG, "Kinematics", eq. 49.1 (2024), for a boost in any direction.
    """
    squared = (beta * beta).sum(1)
    gamma = 1 / np.sqrt(1 - squared)
    along = (beta * vector).sum(1)
    factor = gamma * gamma / (gamma + 1) * along + gamma * energy
    return gamma * (energy + along), vector + factor[:, None] * beta


def split_in_two(
    energy: Floats,
    vector: Floats,
    first: Floats | float,
    second: Floats | float,
    axis: Floats,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Two bodies from a system of given total energy and momentum.

    PDG, "Kinematics", eqs. 49.16 and 49.17 (2024).

    Args:
        energy: [N] the system's total energy in MeV.
        vector: [N, 3] its momentum in MeV.
        first: the mass of the first body in MeV.
        second: the mass of the second.
        axis: [N, 3] the direction of the first body in the system's rest frame.

    Returns:
        Total energy and momentum of the first body, then of the second. Where the system is too
        light for both, they are at rest in its frame.
    """
    beta = vector / energy[:, None]
    mass = np.sqrt(np.maximum(energy * energy - (vector * vector).sum(1), 1e-12))
    total, difference = first + second, first - second
    product = (mass * mass - total * total) * (mass * mass - difference * difference)
    size = np.sqrt(np.maximum(product, 0.0)) / (2 * mass)
    own = size[:, None] * axis
    one, p_one = boosted(np.sqrt(size * size + first * first), own, beta)
    two, p_two = boosted(np.sqrt(size * size + second * second), -own, beta)
    return one, p_one, two, p_two
