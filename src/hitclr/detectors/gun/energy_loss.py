"""How charged particles lose energy to atomic electrons.

Collisions that knock out an electron of more than a cut are made one by one (`delta_rate`). All
others are one smooth loss (`restricted_loss`) that fluctuates (`restricted_variance`). PDG
equations are those of "Passage of particles through matter" in the 2024 Review.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hitclr.detectors.gun.material import Material
from hitclr.detectors.gun.particles import ELECTRON_MASS

__all__ = [
    "bhabha_shape",
    "collision_strength",
    "delta_rate",
    "density_effect",
    "electron_delta_rate",
    "electron_loss",
    "largest_transfer",
    "moller_shape",
    "restricted_loss",
    "restricted_variance",
]

Floats = NDArray[np.float64]

K = 0.307075
"""4 pi N_A r_e^2 m_e c^2 in MeV cm2/mol (PDG, table 34.1)."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)


def collision_strength(material: Material) -> float:
    """K rho Z/A / 2 in MeV/cm: what all collision formulas are proportional to."""
    return K / 2 * material.charge_over_mass * material.density


def largest_transfer(energy: Floats, mass: float | Floats) -> Floats:
    """The most that a particle heavier than an electron can give to one, in MeV (PDG, eq. 34.4)."""
    gamma = 1 + energy / mass
    squared = gamma * gamma - 1
    ratio = ELECTRON_MASS / mass
    return 2 * ELECTRON_MASS * squared / (1 + 2 * gamma * ratio + ratio * ratio)


def density_effect(beta_gamma: Floats, material: Material) -> Floats:
    """Sternheimer's delta (PDG, eq. 34.7), for an insulator."""
    s = material.sternheimer
    x = np.log10(beta_gamma)
    high = 2 * np.log(10.0) * x - s.c
    middle = high + s.a * np.maximum(s.x1 - x, 0.0) ** s.k
    return np.where(x >= s.x1, high, np.where(x >= s.x0, middle, 0.0))


def restricted_loss(energy: Floats, mass: float, material: Material, cut: float) -> Floats:
    """The mean loss of a heavy particle of unit charge in MeV/cm, in collisions below the cut.

    PDG, eq. 34.24; without the cut (an infinite one) it is Bethe's, eq. 34.5. Below a
    kinetic energy of 0.3 % of the mass, where Bethe's formula ends, the loss is taken to go with
    the velocity (Lindhard), joined there.

    Args:
        energy: [N] kinetic energy in MeV.
        mass: in MeV.
        material: what it crosses.
        cut: the largest transfer that is counted, in MeV.
    """
    floor = 0.003 * mass
    t = np.maximum(energy, floor)
    gamma = 1 + t / mass
    squared = gamma * gamma - 1
    beta2 = squared / (gamma * gamma)
    most = largest_transfer(t, mass)
    limit = np.minimum(cut, most)
    excitation = material.excitation * 1e-6
    logarithm = 0.5 * np.log(2 * ELECTRON_MASS * squared * limit / excitation**2)
    bracket = (
        logarithm - beta2 / 2 * (1 + limit / most) - density_effect(np.sqrt(squared), material) / 2
    )
    loss = 2 * collision_strength(material) / beta2 * bracket
    return loss * np.sqrt(np.minimum(energy / floor, 1.0))


def restricted_variance(energy: Floats, mass: float, material: Material, cut: float) -> Floats:
    """The variance of the restricted loss per length, in MeV2/cm.

    The second moment of PDG's eq. 34.8 up to the cut: Bohr's variance for all transfers.
    """
    gamma = 1 + energy / mass
    beta2 = 1 - 1 / (gamma * gamma)
    most = energy / 2 if mass <= ELECTRON_MASS else largest_transfer(energy, mass)
    limit = np.minimum(cut, most)
    return collision_strength(material) / beta2 * limit * (1 - beta2 * limit / (2 * most))


def delta_rate(energy: Floats, mass: float, material: Material, cut: float) -> Floats:
    """How many electrons above the cut a heavy particle knocks out per cm.

    PDG, eq. 34.8, integrated from the cut, with F(T) = 1 - beta^2 T/Tmax.
    """
    gamma = 1 + energy / mass
    beta2 = 1 - 1 / (gamma * gamma)
    most = np.maximum(largest_transfer(energy, mass), cut)
    number = 1 / cut - 1 / most - beta2 / most * np.log(most / cut)
    return collision_strength(material) / beta2 * number


def electron_loss(energy: Floats, material: Material, cut: float, *, positron: bool) -> Floats:
    """The mean collision loss of electrons or positrons in MeV/cm, in transfers below the cut.

    Rohrlich and Carlson, Phys. Rev. 93 (1954) 38; for the whole loss PDG, eqs. 34.25 and 34.26. An
    electron gives at most half of its energy, the slower one being called the secondary; a positron
    all.
    """
    tau = energy / ELECTRON_MASS
    gamma = tau + 1
    beta2 = tau * (tau + 2) / (gamma * gamma)
    most = tau if positron else tau / 2
    d = np.minimum(cut / ELECTRON_MASS, most)
    if positron:
        y = 1 / (gamma + 1)
        terms = (
            tau
            + 2 * d
            - 1.5 * y * d**2
            - y**2 * (d - d**3 / 3)
            - y**3 * (d**2 / 2 - tau * d**3 / 3 + d**4 / 4)
        )
        shape = np.log(tau * d) - beta2 / tau * terms
    else:
        rest = tau - d
        shape = (
            -1
            - beta2
            + np.log(rest * d)
            + tau / rest
            + (d**2 / 2 + (2 * tau + 1) * np.log(rest / tau)) / gamma**2
        )
    excitation = material.excitation * 1e-6 / ELECTRON_MASS
    delta = density_effect(np.sqrt(tau * (tau + 2)), material)
    bracket = np.log(2 * (gamma + 1) / excitation**2) + shape - delta
    loss: Floats = collision_strength(material) / beta2 * bracket
    return loss


def moller_shape(fraction: Floats, gamma: Floats) -> Floats:
    """Møller's cross section times fraction^2, 1 for soft collisions (PDG ref. to Uehling 1954).

    Args:
        fraction: [N] the secondary's part of the kinetic energy, up to a half.
        gamma: [N] of the electron.
    """
    rest = 1 - fraction
    weight = (2 * gamma - 1) / (gamma * gamma)
    ratio = fraction / rest
    shape: Floats = (
        fraction**2 * ((gamma - 1) / gamma) ** 2
        + 1
        - fraction * weight
        + ratio * (ratio - fraction * weight)
    )
    return shape


def bhabha_shape(fraction: Floats, gamma: Floats) -> Floats:
    """Bhabha's cross section times fraction^2, 1 for soft collisions (Bhabha 1936).

    Args:
        fraction: [N] the electron's part of the kinetic energy, up to 1.
        gamma: [N] of the positron.
    """
    y = 1 / (gamma + 1)
    beta2 = 1 - 1 / (gamma * gamma)
    z = 1 - 2 * y
    one, two, three, four = 2 - y**2, z * (3 + y**2), z**2 + z**3, z**3
    inner = one - fraction * (two - fraction * (three - fraction * four))
    shape: Floats = 1 - beta2 * fraction * inner
    return shape


def electron_delta_rate(
    energy: Floats, material: Material, cut: float, *, positron: bool
) -> Floats:
    """How many electrons above the cut an electron or positron knocks out per cm."""
    gamma = 1 + energy / ELECTRON_MASS
    beta2 = 1 - 1 / (gamma * gamma)
    high = np.full_like(energy, 1.0 if positron else 0.5)
    low = np.minimum(cut / energy, high)
    # Evenly in 1/fraction, in which the cross section is smooth.
    middle, half = (1 / low + 1 / high) / 2, (1 / low - 1 / high) / 2
    fraction = 1 / (middle[:, None] + half[:, None] * _NODES)
    shape = bhabha_shape if positron else moller_shape
    number = half * (shape(fraction, gamma[:, None]) * _WEIGHTS).sum(1)
    rate: Floats = collision_strength(material) / beta2 / energy * number
    return rate
