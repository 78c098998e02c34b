"""Positrons that meet electrons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hitclr.detectors.gun.kinematics import turned, unit
from hitclr.detectors.gun.material import Material
from hitclr.detectors.gun.particles import ELECTRON_MASS
from hitclr.detectors.gun.radiation import AVOGADRO, CLASSICAL_RADIUS
from hitclr.detectors.gun.rejection import accept

__all__ = ["annihilate", "annihilation_rate"]

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


def annihilation_rate(energy: Floats, material: Material) -> Floats:
    """The rate per cm of annihilation in flight into two photons.

    Heitler, "The quantum theory of radiation" (1954), sec. 27; Geant4 physics reference manual,
    "Positron-electron annihilation".
    """
    gamma = 1 + energy / ELECTRON_MASS
    root = np.sqrt(gamma * gamma - 1)
    bracket = (gamma**2 + 4 * gamma + 1) / root**2 * np.log(gamma + root) - (gamma + 3) / root
    electrons = AVOGADRO * material.charge_over_mass * material.density
    rate: Floats = electrons * np.pi * CLASSICAL_RADIUS**2 / (gamma + 1) * bracket
    return rate


def annihilate(
    energy: Floats, direction: Floats, random: np.random.Generator
) -> tuple[Floats, Floats, Floats, Floats]:
    """The two photons of positrons that annihilate in flight with electrons at rest.

    Returns:
        Energy [N] and direction [N, 3] of the first photon, then of the second.
    """
    gamma = 1 + energy / ELECTRON_MASS
    spread = np.sqrt((gamma - 1) / (gamma + 1)) / 2
    low, high = 0.5 - spread, 0.5 + spread

    def propose(rows: Rows) -> Floats:
        drawn: Floats = low[rows] * (high[rows] / low[rows]) ** random.random(len(rows))
        return drawn

    def chance(rows: Rows, part: Floats) -> Floats:
        g = gamma[rows]
        made: Floats = 1 - part + (2 * g - 1 / part) / (g + 1) ** 2
        return made

    part = accept(len(energy), propose, chance, random)
    total = energy + 2 * ELECTRON_MASS
    cosine = (part * (gamma + 1) - 1) / (part * np.sqrt(gamma * gamma - 1))
    one = turned(direction, np.clip(cosine, -1.0, 1.0), random.uniform(0, 2 * np.pi, len(energy)))
    first = part * total
    momentum = np.sqrt(energy * (energy + 2 * ELECTRON_MASS))
    two = unit(momentum[:, None] * direction - first[:, None] * one)
    return first, one, total - first, two
