"""Decays of muons and pions, in flight and at rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hitclr.detectors.gun.account import Account
from hitclr.detectors.gun.kinematics import boosted, isotropic, momentum, unit
from hitclr.detectors.gun.particles import (
    ELECTRON,
    ELECTRON_MASS,
    MUON_MASS,
    MUON_MINUS,
    MUON_PLUS,
    PION_MASS,
    PION_PLUS,
    POSITRON,
    Particles,
)
from hitclr.detectors.gun.rejection import accept

__all__ = ["MICHEL_END", "decay_muons", "decay_pions", "michel_energies"]

Floats = NDArray[np.float64]

MICHEL_END = (MUON_MASS**2 + ELECTRON_MASS**2) / (2 * MUON_MASS)
"""The largest total energy of the electron in the decay of a muon at rest: 52.83 MeV."""


def michel_energies(count: int, random: np.random.Generator) -> Floats:
    """Total energies [count] in MeV of electrons from muons at rest.

    Michel's spectrum x^2 (3 - 2x), x the energy over its end point (PDG, "Muon decay parameters",
    eq. 58.1, with rho = 3/4 and without the electron mass); unpolarised.
    """

    def even(rows: NDArray[np.int64]) -> Floats:
        return random.random(len(rows))

    def chance(rows: NDArray[np.int64], x: Floats) -> Floats:
        return x * x * (3 - 2 * x)

    return np.maximum(MICHEL_END * accept(count, even, chance, random), ELECTRON_MASS)


def _in_laboratory(
    parents: Particles, mass: float, energy: Floats, product_mass: float, axis: Floats
) -> tuple[Floats, Floats]:
    """Total energy and momentum of a product that has ``energy`` in the parent's rest frame."""
    size = np.sqrt(np.maximum(energy**2 - product_mass**2, 0.0))
    speed = momentum(parents.energy, mass) / (parents.energy + mass)
    return boosted(energy, size[:, None] * axis, speed[:, None] * parents.direction)


def decay_muons(muons: Particles, account: Account, random: np.random.Generator) -> list[Particles]:
    """Muons into electrons and neutrinos; the electron of a mu+ is a positron."""
    count = len(muons)
    own = michel_energies(count, random)
    total, vector = _in_laboratory(muons, MUON_MASS, own, ELECTRON_MASS, isotropic(count, random))
    kinetic = np.maximum(total - ELECTRON_MASS, 0.0)
    negative = muons.kind == MUON_MINUS
    account.book("neutrino", muons.event, muons.energy + MUON_MASS - kinetic - ELECTRON_MASS)
    # An electron's mass stays; a positron later takes one from an atom.
    account.book("bound", muons.event, np.where(negative, ELECTRON_MASS, -ELECTRON_MASS))
    kind = np.where(negative, ELECTRON, POSITRON)
    return [muons.child(np.ones(count, dtype=bool), kind, kinetic, unit(vector))]


def decay_pions(pions: Particles, account: Account, random: np.random.Generator) -> list[Particles]:
    """Charged pions into muons and neutrinos (PDG, "Kinematics", eq. 49.16)."""
    count = len(pions)
    own = np.full(count, (PION_MASS**2 + MUON_MASS**2) / (2 * PION_MASS))
    total, vector = _in_laboratory(pions, PION_MASS, own, MUON_MASS, isotropic(count, random))
    kind = np.where(pions.kind == PION_PLUS, MUON_PLUS, MUON_MINUS)
    account.book("neutrino", pions.event, pions.energy + PION_MASS - total)
    everyone = np.ones(count, dtype=bool)
    return [pions.child(everyone, kind, total - MUON_MASS, unit(vector))]
