"""What photons do: Compton scattering, photoelectric absorption, pair production."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hitclr.detectors.gun import xcom
from hitclr.detectors.gun.kinematics import turned, unit
from hitclr.detectors.gun.material import Material
from hitclr.detectors.gun.particles import ELECTRON_MASS
from hitclr.detectors.gun.radiation import screening
from hitclr.detectors.gun.rejection import accept

__all__ = ["compton", "pair_directions", "pair_fractions", "photon_rates"]

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


def photon_rates(energy: Floats, material: Material) -> tuple[Floats, Floats, Floats]:
    """The rates per cm of Compton scattering, photoelectric absorption and pair production.

    XCOM's tables, interpolated in double logarithm; pair production relative to its growth above
    threshold, in which it is smooth.

    Args:
        energy: [N] the photons' energy in MeV, from 0.01 to 1000.
        material: what they cross.
    """
    x, grid = np.log(energy), np.log(xcom.ENERGY)
    incoherent, photoelectric, pair = (np.zeros_like(energy) for _ in range(3))
    above = xcom.ENERGY > 2 * ELECTRON_MASS
    growth = (1 - 2 * ELECTRON_MASS / xcom.ENERGY[above]) ** 3
    for element in material.elements:
        for rate, table in ((incoherent, xcom.INCOHERENT), (photoelectric, xcom.PHOTOELECTRIC)):
            rate += element.fraction * np.exp(np.interp(x, grid, np.log(table[element.charge])))
        smooth = np.interp(x, grid[above], xcom.PAIR[element.charge][above] / growth)
        pair += element.fraction * smooth
    pair *= np.maximum(1 - 2 * ELECTRON_MASS / energy, 0.0) ** 3
    density = material.density
    return density * incoherent, density * photoelectric, density * pair


def compton(
    energy: Floats, direction: Floats, random: np.random.Generator
) -> tuple[Floats, Floats, Floats, Floats]:
    """Scatter photons on free electrons at rest (Klein and Nishina 1929; PDG, sec. 34.4.3).

    Sampled as in EGS4 (SLAC-265, sec. 2.9).

    Returns:
        The scattered photons' energy [N] and direction [N, 3], and the electrons'.
    """
    k = energy / ELECTRON_MASS
    least = 1 / (1 + 2 * k)
    first = np.log(1 / least)
    second = (1 - least**2) / 2

    def propose(rows: Rows) -> Floats:
        u, v = random.random(len(rows)), random.random(len(rows))
        low = least[rows]
        one = low * np.exp(first[rows] * u)
        two = np.sqrt(low**2 + (1 - low**2) * u)
        pick: Floats = np.where(v * (first + second)[rows] < first[rows], one, two)
        return pick

    def chance(rows: Rows, ratio: Floats) -> Floats:
        t = (1 - ratio) / (k[rows] * ratio)
        made: Floats = 1 - ratio * t * (2 - t) / (1 + ratio**2)
        return made

    ratio = accept(len(energy), propose, chance, random)
    cosine = np.clip(1 - (1 - ratio) / (k * ratio), -1.0, 1.0)
    scattered = energy * ratio
    new = turned(direction, cosine, random.uniform(0, 2 * np.pi, len(energy)))
    electron = energy[:, None] * direction - scattered[:, None] * new
    return scattered, new, energy - scattered, unit(electron)


def pair_fractions(energy: Floats, material: Material, random: np.random.Generator) -> Floats:
    """The positron's part [N] of a pair's kinetic energy.

    Bethe and Heitler with screening, without the Coulomb correction, which hardly changes the
    shape (SLAC-265, eq. 2.7.8), in the field of the element with most charge.
    """
    charge = max(element.charge for element in material.elements)
    kinetic = energy - 2 * ELECTRON_MASS
    correction = 4 * np.log(charge) / 3

    def shape(rows: Rows, fraction: Floats) -> Floats:
        total = energy[rows]
        plus = ELECTRON_MASS + fraction * kinetic[rows]
        minus = total - plus
        delta = 136 * charge ** (-1 / 3) * total * ELECTRON_MASS / (plus * minus)
        one, two = screening(delta)
        a, b = plus / total, minus / total
        made: Floats = (a * a + b * b) * (one - correction) + 2 / 3 * a * b * (two - correction)
        return np.maximum(made, 0.0)

    def even(rows: Rows) -> Floats:
        return random.random(len(rows))

    # The shape is largest in the middle for slow pairs, at the ends of the plateau for fast ones.
    grid = np.linspace(0.0, 1.0, 21)
    rows = np.arange(len(energy))
    most = np.max([shape(rows, np.full(len(rows), f)) for f in grid], axis=0)
    slow = most <= 0  # just above threshold, where the approximation ends: evenly

    def chance(rows: Rows, fraction: Floats) -> Floats:
        share = shape(rows, fraction) / np.where(slow[rows], 1.0, 1.02 * most[rows])
        return np.where(slow[rows], 1.0, share)

    return accept(len(energy), even, chance, random)


def pair_directions(
    total: Floats, direction: Floats, azimuth: Floats, random: np.random.Generator
) -> Floats:
    """The direction of one of a pair, of total energy ``total`` [N] in MeV.

    The angle u m/E with u from Tsai's distribution (Rev. Mod. Phys. 46 (1974) 815) as Geant4's
    physics reference manual gives it: u exp(-a u) with a = 5/8 (one in four) or 15/8.
    """
    count = len(total)
    a = np.where(random.random(count) < 0.25, 0.625, 1.875)
    u = -np.log(random.random(count) * random.random(count) + 1e-300) / a
    cosine = np.cos(np.minimum(u * ELECTRON_MASS / total, np.pi))
    return turned(direction, cosine, azimuth)
