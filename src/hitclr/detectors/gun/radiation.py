"""Bremsstrahlung: photons from electrons and positrons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hitclr.detectors.gun.kinematics import turned
from hitclr.detectors.gun.material import Element, Material
from hitclr.detectors.gun.particles import ELECTRON_MASS
from hitclr.detectors.gun.rejection import accept

__all__ = ["AVOGADRO", "CLASSICAL_RADIUS", "FINE_STRUCTURE", "Bremsstrahlung", "screening"]

Floats = NDArray[np.float64]

FINE_STRUCTURE = 1 / 137.035999
CLASSICAL_RADIUS = 2.8179403e-13
"""The classical radius of the electron in cm."""
AVOGADRO = 6.02214076e23

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)


def screening(delta: Floats) -> tuple[Floats, Floats]:
    """The screening functions of Thomas and Fermi as Butcher and Messel fitted them.

    Nucl. Phys. 20 (1960) 15; Nelson, Hirayama and Rogers, "The EGS4 code system" (SLAC-265, 1985),
    eqs. 2.7.14 and 2.7.15.

    Args:
        delta: [N] 136 Z^(-1/3) times the photon's energy times m_e over the product of the two
            electron energies.
    """
    d = np.minimum(delta, 1.0)
    far = 21.12 - 4.184 * np.log(np.maximum(delta, 1.0) + 0.952)
    one = np.where(delta <= 1, 20.867 - d * (3.242 - 0.625 * d), far)
    two = np.where(delta <= 1, 20.209 - d * (1.930 + 0.086 * d), far)
    return one, two


def _coulomb(charge: int) -> float:
    """The Coulomb correction f(Z) (Davies, Bethe and Maximon 1954; PDG, eq. 34.27)."""
    a = (charge * FINE_STRUCTURE) ** 2
    return a * (1 / (1 + a) + 0.20206 - 0.0369 * a + 0.0083 * a**2 - 0.002 * a**3)


class Bremsstrahlung:
    """The photons above a cut that electrons radiate in a material.

    The spectrum of Bethe and Heitler with screening, as in EGS4 (SLAC-265, eq. 2.7.7), with its
    Coulomb correction above 50 MeV. Positrons are taken to radiate like electrons.

    Args:
        material: what they cross.
        cut: the smallest photon energy in MeV.
    """

    def __init__(self, material: Material, cut: float) -> None:
        self.material = material
        self.cut = cut

    def shape(self, energy: Floats, photon: Floats) -> Floats:
        """The cross section per length and photon energy, times the photon energy, in 1/cm.

        Args:
            energy: [N] the electron's kinetic energy in MeV.
            photon: [N] the photon's energy in MeV.
        """
        total = energy + ELECTRON_MASS
        rest = np.maximum(total - photon, ELECTRON_MASS)
        ratio = rest / total
        sum_ = np.zeros(np.broadcast_shapes(energy.shape, photon.shape))
        for element in self.material.elements:
            one, two = screening(_delta(element, photon, total, rest))
            correction = 4 * np.log(element.charge) / 3
            correction = correction + 4 * _coulomb(element.charge) * (total > 50.0)
            bracket = (1 + ratio**2) * (one - correction) - 2 / 3 * ratio * (two - correction)
            sum_ += _strength(element, self.material) * np.maximum(bracket, 0.0)
        return sum_

    def rate(self, energy: Floats) -> Floats:
        """How many photons above the cut an electron of that kinetic energy radiates per cm."""
        return self._integral(energy, np.full_like(energy, self.cut), np.maximum(energy, self.cut))

    def soft_loss(self, energy: Floats) -> Floats:
        """The mean loss by photons below the cut, in MeV/cm."""
        top = np.minimum(energy, self.cut)
        return self._integral(energy, 1e-6 * top, top, weight=True)

    def loss(self, energy: Floats) -> Floats:
        """The whole mean loss by radiation, in MeV/cm."""
        return self._integral(energy, 1e-6 * energy, energy, weight=True)

    def _integral(
        self, energy: Floats, low: Floats, high: Floats, *, weight: bool = False
    ) -> Floats:
        middle, half = np.log(low * high) / 2, np.log(high / low) / 2
        photon = np.exp(middle[:, None] + half[:, None] * _NODES)
        values = self.shape(energy[:, None], photon) * (photon if weight else 1.0)
        result: Floats = half * (values * _WEIGHTS).sum(1)
        return result

    def sample(self, energy: Floats, random: np.random.Generator) -> Floats:
        """Photon energies in MeV for electrons of the given kinetic energies, all above the cut."""
        most = self.shape(energy, np.full_like(energy, self.cut))
        span = np.log(energy / self.cut)

        def propose(rows: NDArray[np.int64]) -> Floats:
            drawn: Floats = self.cut * np.exp(span[rows] * random.random(len(rows)))
            return drawn

        def chance(rows: NDArray[np.int64], photon: Floats) -> Floats:
            return self.shape(energy[rows], photon) / most[rows]

        return accept(len(energy), propose, chance, random)

    @staticmethod
    def directions(energy: Floats, direction: Floats, random: np.random.Generator) -> Floats:
        """The photon's direction: a dipole's pattern, 1 + cos^2, in the electron's rest frame.

        Boosted as in Jackson, "Classical Electrodynamics", sec. 15.2.
        """
        gamma = 1 + energy / ELECTRON_MASS
        beta = np.sqrt(1 - 1 / (gamma * gamma))
        # The root of c + c^3/3 = (8 u - 4)/3, which distributes c as 1 + c^2.
        half = 4 * random.random(len(energy)) - 2
        root = np.cbrt(half + np.sqrt(half * half + 1))
        own = np.clip(root - 1 / root, -1.0, 1.0)
        cosine = (own + beta) / (1 + beta * own)
        return turned(direction, cosine, random.uniform(0, 2 * np.pi, len(energy)))


def _delta(element: Element, photon: Floats, first: Floats, second: Floats) -> Floats:
    made: Floats = 136 * element.charge ** (-1 / 3) * photon * ELECTRON_MASS / (first * second)
    return made


def _strength(element: Element, material: Material) -> float:
    """The factor alpha r_e^2 Z (Z + xi) times the atoms per cm3, in 1/cm (SLAC-265, eq. 2.7.7)."""
    charge = element.charge
    inelastic = np.log(1440 * charge ** (-2 / 3))
    elastic = np.log(183 * charge ** (-1 / 3)) - _coulomb(charge)
    atoms = AVOGADRO * material.density * element.fraction / element.mass
    return float(
        FINE_STRUCTURE * CLASSICAL_RADIUS**2 * charge * (charge + inelastic / elastic) * atoms
    )
