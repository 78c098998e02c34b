"""All rates and losses of a material on one grid of energies."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hitclr.detectors.gun import xcom
from hitclr.detectors.gun.annihilation import annihilation_rate
from hitclr.detectors.gun.energy_loss import (
    delta_rate,
    electron_delta_rate,
    electron_loss,
    restricted_loss,
    restricted_variance,
)
from hitclr.detectors.gun.hadrons import hadron_rates
from hitclr.detectors.gun.kinematics import momentum
from hitclr.detectors.gun.material import Material
from hitclr.detectors.gun.particles import (
    ELECTRON,
    KINDS,
    LIGHT,
    MASS,
    MEAN_LIFE,
    MUON_MINUS,
    MUON_PLUS,
    NEUTRON,
    PHOTON,
    PION_MINUS,
    PION_PLUS,
    POSITRON,
    PROTON,
)
from hitclr.detectors.gun.photons import photon_rates
from hitclr.detectors.gun.radiation import Bremsstrahlung
from hitclr.errors import SettingsError

__all__ = [
    "ANNIHILATION",
    "BREMSSTRAHLUNG",
    "COLLISION_CUT",
    "COMPTON",
    "DECAY",
    "DELTA",
    "DELTA_CUT",
    "HIGHEST",
    "HYDROGEN",
    "LOWEST_NEUTRON",
    "LOWEST_PHOTON",
    "NUCLEAR",
    "PAIR",
    "PHOTOELECTRIC",
    "PHOTON_CUT",
    "Tables",
    "tables_of",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DELTA_CUT = 0.5
"""Electrons knocked out with more, in MeV, are followed; they go 1 to 2 mm in both materials."""
COLLISION_CUT = 0.02
"""Collisions that take more than this, in MeV, and less than the former, fluctuate one by one."""
PHOTON_CUT = 0.1
"""Radiated photons of more, in MeV, are followed."""
LOWEST_PHOTON = 0.01
"""A photon of less, in MeV, is absorbed where it is."""
LOWEST_NEUTRON = 1.0
"""A neutron of less, in MeV, is given up."""
HIGHEST = 1000.0
"""The largest kinetic energy, in MeV, for which rates are tabulated."""

_SHORTEST, _SHORTEST_ELECTRON = 0.02, 0.05
"""A particle with a residual range of less, in cm, leaves the rest of its energy where it is.
Electrons scatter so much that they get less far than their range."""

(
    DELTA,
    BREMSSTRAHLUNG,
    ANNIHILATION,
    COMPTON,
    PHOTOELECTRIC,
    PAIR,
    NUCLEAR,
    HYDROGEN,
    DECAY,
) = range(9)

_GRID_LOW, _GRID_SIZE = 1e-3, 1200


class Tables:
    """Losses and interaction rates of every kind of particle in one material.

    Attributes:
        material: the material.
        radiation: the spectrum of bremsstrahlung.
        energy: [G] the kinetic energies of the grid in MeV, evenly in the logarithm.
        loss: [kinds, G] the mean loss in MeV/cm in collisions and radiation below the cuts.
        soft: [kinds, G] the part of it in collisions below the lower cut, and in radiation.
        variance: [kinds, G] the variance of that part in MeV2/cm.
        rates: [kinds, G, 9] the rates per cm of the processes, summed up to and with each one.
        stop: [kinds] the kinetic energy in MeV at which a particle is taken to stop.
        stop_range: [kinds] its residual range then, in cm.

    Raises:
        SettingsError: the material has an element whose cross sections are not tabulated.
    """

    def __init__(self, material: Material) -> None:
        unknown = [e.charge for e in material.elements if e.charge not in xcom.PAIR]
        if unknown:
            message = (
                f"the gun has no cross sections for the elements {unknown} of {material.name}: "
                f"expected charges Z among {sorted(xcom.PAIR)}. Add them to "
                f"hitclr.detectors.gun.xcom and hadrons"
            )
            raise SettingsError(message)
        self.material = material
        self.radiation = Bremsstrahlung(material, PHOTON_CUT)
        self.energy = np.geomspace(_GRID_LOW, 1.001 * HIGHEST, _GRID_SIZE)
        self._low = float(np.log(_GRID_LOW))
        self._per_log = (_GRID_SIZE - 1) / (np.log(1.001 * HIGHEST) - self._low)
        self.loss = np.zeros((KINDS, _GRID_SIZE))
        self.soft = np.zeros((KINDS, _GRID_SIZE))
        self.variance = np.zeros((KINDS, _GRID_SIZE))
        rates = np.zeros((KINDS, _GRID_SIZE, 9))
        self._fill_light(rates)
        self._fill_heavy(rates)
        self._fill_photon(rates)
        self._fill_hadrons(rates)
        self.rates = np.cumsum(rates, axis=2)
        self.stop, self.stop_range = self._stops()
        smooth = np.stack([self.loss, self.variance], 2)
        self._rows = np.concatenate([smooth, self.rates], 2).reshape(KINDS * _GRID_SIZE, 11)
        self._losses = np.stack([self.loss, self.soft], 2).reshape(-1, 2)

    def _fill_light(self, rates: Floats) -> None:
        t, material = self.energy, self.material
        above, radiating = t > DELTA_CUT, t > PHOTON_CUT
        for kind, positron in ((ELECTRON, False), (POSITRON, True)):
            loss = electron_loss(t, material, DELTA_CUT, positron=positron)
            soft = electron_loss(t, material, COLLISION_CUT, positron=positron)
            self.loss[kind] = loss + self.radiation.soft_loss(t)
            self.soft[kind] = soft + self.radiation.soft_loss(t)
            self.variance[kind] = restricted_variance(t, MASS[kind], material, COLLISION_CUT)
            able = above if positron else t > 2 * DELTA_CUT
            delta = electron_delta_rate(t[able], material, DELTA_CUT, positron=positron)
            rates[kind, able, DELTA] = delta
            rates[kind, radiating, BREMSSTRAHLUNG] = self.radiation.rate(t[radiating])
        rates[POSITRON, :, ANNIHILATION] = annihilation_rate(t, material)

    def _fill_heavy(self, rates: Floats) -> None:
        t = self.energy
        for kind in (MUON_MINUS, MUON_PLUS, PION_MINUS, PION_PLUS, PROTON):
            mass = MASS[kind]
            self.loss[kind] = restricted_loss(t, mass, self.material, DELTA_CUT)
            self.soft[kind] = restricted_loss(t, mass, self.material, COLLISION_CUT)
            self.variance[kind] = restricted_variance(t, mass, self.material, COLLISION_CUT)
            rates[kind, :, DELTA] = delta_rate(t, mass, self.material, DELTA_CUT)
            if np.isfinite(MEAN_LIFE[kind]):
                length = momentum(t, mass) / mass * LIGHT * MEAN_LIFE[kind]
                rates[kind, :, DECAY] = 1 / length

    def _fill_photon(self, rates: Floats) -> None:
        able = self.energy >= LOWEST_PHOTON
        made = photon_rates(self.energy[able], self.material)
        for process, rate in zip((COMPTON, PHOTOELECTRIC, PAIR), made, strict=True):
            rates[PHOTON, able, process] = rate

    def _fill_hadrons(self, rates: Floats) -> None:
        for kind in (PION_MINUS, PION_PLUS, PROTON, NEUTRON):
            made = hadron_rates(kind, self.energy, self.material)
            rates[kind, :, NUCLEAR] = made.nuclear
            rates[kind, :, HYDROGEN] = made.hydrogen

    def _stops(self) -> tuple[Floats, Floats]:
        stop = np.zeros(KINDS)
        ranges = np.zeros(KINDS)
        for kind in range(KINDS):
            if kind in (PHOTON, NEUTRON):
                continue
            travelled = self.csda_range(kind)
            light = kind in (ELECTRON, POSITRON)
            ranges[kind] = _SHORTEST_ELECTRON if light else _SHORTEST
            stop[kind] = np.interp(ranges[kind], travelled, self.energy)
        return stop, ranges

    def csda_range(self, kind: int) -> Floats:
        """The range [G] in cm at the energies of the grid, by the restricted loss alone."""
        inverse = 1 / self.loss[kind]
        pieces = np.diff(self.energy) * (inverse[1:] + inverse[:-1]) / 2
        pieces = np.concatenate([[self.energy[0] * inverse[0]], pieces])
        travelled: Floats = np.cumsum(pieces)
        return travelled

    def _place(self, kind: Ints, energy: Floats) -> tuple[Ints, Floats]:
        x = (np.log(np.maximum(energy, _GRID_LOW)) - self._low) * self._per_log
        cell = np.minimum(x.astype(np.int64), _GRID_SIZE - 2)
        return kind * _GRID_SIZE + cell, x - cell

    def look_up(self, kind: Ints, energy: Floats) -> Floats:
        """Loss, variance, and the summed rates of the processes: [N, 11]."""
        place, part = self._place(kind, energy)
        low, high = self._rows[place], self._rows[place + 1]
        high -= low
        high *= part[:, None]
        low += high
        return low

    def loss_at(self, kind: Ints, energy: Floats) -> tuple[Floats, Floats]:
        """The mean loss [N] in MeV/cm, and the soft part of it."""
        place, part = self._place(kind, energy)
        low = self._losses[place]
        both = low + part[:, None] * (self._losses[place + 1] - low)
        return both[:, 0], both[:, 1]


@lru_cache(maxsize=8)
def tables_of(material: Material) -> Tables:
    """The tables of a material, made once."""
    return Tables(material)
