"""Nuclear interactions of pions, protons and neutrons: a simple model.

Cross sections are measured or evaluated ones. The final states are those of one collision inside
the nucleus: a quasi-free scattering on one nucleon, the charge exchange of a pion, or its
absorption on a pair of nucleons. What binds the nucleons and what stays in the nucleus is accounted
for (`hitclr.detectors.gun.nucleus`). Elastic scattering on whole nuclei and later collisions in the
same nucleus are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hitclr.detectors.gun.material import Material
from hitclr.detectors.gun.particles import NEUTRON, PION_MINUS, PION_PLUS, PROTON
from hitclr.detectors.gun.radiation import AVOGADRO

__all__ = ["HadronRates", "hadron_rates", "pion_channels"]

Floats = NDArray[np.float64]

_MILLIBARN = 1e-27

# fmt: off
_PION_ENERGY: Floats = np.array([
    20.0, 40.0, 60.0, 80.0, 100.0, 120.0, 140.0, 160.0, 180.0, 200.0,
    220.0, 250.0, 300.0, 350.0, 400.0, 500.0, 600.0, 800.0, 1000.0])
_PION_REACTION: dict[int, Floats] = {
    6: np.array([
        111.0, 146.0, 204.0, 288.0, 379.0, 419.0, 435.0, 432.0, 408.0, 393.0,
        373.0, 340.0, 284.0, 260.0, 243.0, 232.0, 234.0, 246.0, 256.0]),
    18: np.array([
        314.0, 431.0, 580.0, 800.0, 910.0, 930.0, 908.0, 859.0, 814.0, 774.0,
        739.0, 687.0, 638.0, 615.0, 597.0, 577.0, 578.0, 603.0, 611.0]),
}
"""Reaction cross sections of pions in mb: the means for both charges of Barashenkov's evaluation
(Barashenkov, JINR 1993, as tabulated in Geant4); argon between aluminium and calcium by a power of
A. Ashery et al. (Phys. Rev. C 23 (1981) 2173) measured 447(23) mb on carbon at 165 MeV."""

_CHANNEL_ENERGY: Floats = np.array([0.0, 85.0, 125.0, 165.0, 205.0, 245.0, 315.0, 500.0, 1000.0])
_ABSORBED: Floats = np.array([0.45, 0.40, 0.39, 0.39, 0.34, 0.25, 0.18, 0.10, 0.05])
_EXCHANGED: Floats = np.array([0.08, 0.10, 0.11, 0.14, 0.14, 0.13, 0.17, 0.17, 0.15])
"""What part of the reactions is absorption, and single charge exchange. On carbon: absorption with
exchange from Ashery et al. 1981, exchange from Ashery et al. (Phys. Rev. C 30 (1984) 946), Navon et
al. (Phys. Rev. C 28 (1983) 2548) and Jones et al. (Phys. Rev. C 48 (1993) 2800), over the reaction
cross section; carried on smoothly below 85 and above 315 MeV."""

_NUCLEON_ENERGY: Floats = np.array([1.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 400.0, 1000.0])
_NEUTRON_PROTON: Floats = np.array([4250., 2200., 1600., 940., 480., 167., 73., 43., 33., 38.])
_PROTON_PROTON: Floats = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 55., 33., 24., 26., 47.])
"""Cross sections of free nucleons in mb, rounded; PDG, plots of cross sections. Below 50 MeV the
scattering of protons on protons is left out, where the range is millimetres."""

_DELTA_ENERGY: Floats = np.array([
    0.0, 50.0, 100.0, 150.0, 190.0, 230.0, 300.0, 400.0, 600.0, 1000.0])
_PION_PROTON: Floats = np.array([0.0, 20.0, 75.0, 165.0, 200.0, 160.0, 85.0, 40.0, 18.0, 25.0])
"""The cross section of positive pions on protons in mb, rounded (PDG, plots of cross sections); of
negative ones it is a third, as isospin has it in the Delta resonance."""
# fmt: on


@dataclass(frozen=True)
class HadronRates:
    """Rates per cm [N]: reactions in nuclei, and scattering on free protons."""

    nuclear: Floats
    hydrogen: Floats


def nucleon_reaction(energy: Floats, mass_number: float) -> Floats:
    """The reaction cross section in mb of nucleons of that energy in MeV on a nucleus.

    Letaw, Silberberg and Tsao, Astrophys. J. Suppl. 51 (1983) 271, eqs. 1 and 2; above 10 MeV.
    """
    t = np.maximum(energy, 10.0)
    high = 45 * mass_number**0.7 * (1 + 0.016 * np.sin(5.3 - 2.63 * np.log(mass_number)))
    made: Floats = high * (1 - 0.62 * np.exp(-t / 200) * np.sin(10.9 * t**-0.28))
    return made


def hadron_rates(kind: int, energy: Floats, material: Material) -> HadronRates:
    """The rates per cm for a hadron of one kind at kinetic energies [N] in MeV."""
    nuclear, hydrogen = np.zeros_like(energy), np.zeros_like(energy)
    for element in material.elements:
        atoms = AVOGADRO * material.density * element.fraction / element.mass * _MILLIBARN
        if element.charge == 1:
            hydrogen += atoms * _on_proton(kind, energy)
        elif kind in (PION_MINUS, PION_PLUS):
            table = _PION_REACTION[element.charge]
            nuclear += atoms * np.interp(energy, _PION_ENERGY, table)
        else:
            nuclear += atoms * nucleon_reaction(energy, element.mass)
    if kind == PROTON:
        nuclear = np.where(energy > 10.0, nuclear, 0.0)  # the Coulomb barrier
    return HadronRates(nuclear, hydrogen)


def _on_proton(kind: int, energy: Floats) -> Floats:
    if kind == NEUTRON:
        logarithm = np.interp(np.log(energy), np.log(_NUCLEON_ENERGY), np.log(_NEUTRON_PROTON))
        return np.exp(logarithm)
    if kind == PROTON:
        return np.interp(energy, _NUCLEON_ENERGY, _PROTON_PROTON)
    return np.interp(energy, _DELTA_ENERGY, _PION_PROTON) * (1.0 if kind == PION_PLUS else 1 / 3)


def pion_channels(energy: Floats) -> tuple[Floats, Floats]:
    """The probabilities [N] of absorption, and of charge exchange, in a pion's reaction."""
    return (
        np.interp(energy, _CHANNEL_ENERGY, _ABSORBED),
        np.interp(energy, _CHANNEL_ENERGY, _EXCHANGED),
    )
