"""The transport of particles through a material, all particles of all events side by side."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hitclr.detectors.gun import tables as t
from hitclr.detectors.gun.account import Account
from hitclr.detectors.gun.annihilation import annihilate
from hitclr.detectors.gun.decay import decay_muons, decay_pions
from hitclr.detectors.gun.energy_loss import bhabha_shape, largest_transfer, moller_shape
from hitclr.detectors.gun.kinematics import isotropic, momentum, turned, unit
from hitclr.detectors.gun.material import Material
from hitclr.detectors.gun.nucleus import absorb_pions, capture_muons, hit_nuclei, hit_protons
from hitclr.detectors.gun.particles import (
    ELECTRON,
    ELECTRON_MASS,
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
    Particles,
)
from hitclr.detectors.gun.photons import compton, pair_directions, pair_fractions
from hitclr.detectors.gun.rejection import accept
from hitclr.detectors.gun.scattering import scattering_cosines, scattering_variance

__all__ = ["Transport"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Rows = NDArray[np.int64]

_LARGEST_LOSS = 0.2
"""A step takes at most this part of a particle's energy, on average."""


class Transport:
    """Follows particles until all of them have stopped, decayed, or been absorbed.

    Each round takes every charged particle one step and every neutral one to its next interaction.
    A step ends at an interaction, at the longest step, or where a fifth of the energy is lost.

    Args:
        material: what they cross; it has no end.
        step: the longest step in cm.
        account: collects what they leave.
        random: the source of randomness.
    """

    def __init__(
        self, material: Material, step: float, account: Account, random: np.random.Generator
    ) -> None:
        self.material = material
        self.tables = t.tables_of(material)
        self.step = step
        self.account = account
        self.random = random
        self._length = material.radiation_length / material.density

    def run(self, particles: Particles) -> None:
        """Follow the particles and all that they make."""
        flying = self._settle([particles])
        while len(flying):
            neutral = (flying.kind == PHOTON) | (flying.kind == NEUTRON)
            made = []
            if neutral.any():
                made += self._fly(flying.take(neutral))
                if not neutral.all():
                    made += self._walk(flying.take(~neutral))
            else:
                made += self._walk(flying)
            flying = self._settle(made)

    # Motion

    def _fly(self, p: Particles) -> list[Particles]:
        """Neutral particles to their next interaction."""
        rates = self.tables.look_up(p.kind, p.energy)[:, 2:]
        total = rates[:, -1]
        distance = self.random.standard_exponential(len(p)) / total
        p.pos = p.pos + distance[:, None] * p.direction
        speed = momentum(p.energy, MASS[p.kind]) / (p.energy + MASS[p.kind])
        p.time = p.time + distance / (LIGHT * speed)
        return self._interact(p, rates)

    def _walk(self, p: Particles) -> list[Particles]:
        """Charged particles one step on."""
        random, count = self.random, len(p)
        row = self.tables.look_up(p.kind, p.energy)
        free = random.standard_exponential(count) / np.maximum(row[:, -1], 1e-30)
        step = np.minimum(np.minimum(self.step, _LARGEST_LOSS * p.energy / row[:, 0]), free)
        # The loss in the middle of the step, which makes the step accurate to second order.
        middle = p.energy - 0.5 * step * row[:, 0]
        mean, soft = (step * loss for loss in self.tables.loss_at(p.kind, middle))
        loss = self._fluctuated(soft, step * row[:, 1])
        loss += self._collisions(p.kind, middle, mean - soft)
        loss = np.minimum(loss, p.energy)

        mass = MASS[p.kind]
        momentum_beta = middle * (middle + 2 * mass) / (middle + mass)
        variance = scattering_variance(p.path, step, momentum_beta, self._length)
        cosine = scattering_cosines(variance, random)
        new = turned(p.direction, cosine, random.uniform(0.0, 2 * np.pi, count))
        # The turn is made in the middle of the step; the deposit is put anywhere along it.
        where = step * random.random(count)
        first = np.minimum(where, 0.5 * step)
        place = p.pos + first[:, None] * p.direction + (where - first)[:, None] * new
        slowness = np.sqrt((middle + mass) / momentum_beta) / LIGHT
        self.account.leave(p.event, place, loss, step, p.time + where * slowness)

        p.pos = p.pos + (0.5 * step)[:, None] * (p.direction + new)
        p.direction = new
        p.time = p.time + step * slowness
        p.path = p.path + step
        p.energy = p.energy - loss
        meets = (step == free) & (p.energy > self.tables.stop[p.kind])
        if not meets.any():
            return [p]
        return [p.take(~meets), *self._interact(p.take(meets), row[meets, 2:])]

    def _fluctuated(self, mean: Floats, variance: Floats) -> Floats:
        """Losses with the given mean and variance: from a gamma distribution.

        It is the Gaussian for many collisions and stays positive for few (Geant4 physics reference
        manual, "Energy loss fluctuations").
        """
        scale = variance / mean
        drawn: Floats = self.random.standard_gamma(mean / scale) * scale
        return drawn

    def _collisions(self, kind: Ints, energy: Floats, mean: Floats) -> Floats:
        """Losses in single collisions between the two cuts, with the given mean.

        Their transfers go as 1/T^2 (Rutherford; PDG, eq. 34.8, without the spin factor, which is
        near 1 here); the electrons are too slow to be followed. They give the loss in a thin layer
        Landau's tail.
        """
        low = t.COLLISION_CUT
        most = _largest_transfer(kind, energy)
        high = np.maximum(np.minimum(t.DELTA_CUT, most), low * 1.001)
        inverse = 1 / low - 1 / high
        single = np.log(high / low) / inverse  # the mean of one
        number = self.random.poisson(np.maximum(mean, 0.0) / single)
        owner = np.repeat(np.arange(len(number)), number)
        transfer = 1 / (1 / low - inverse[owner] * self.random.random(len(owner)))
        total: Floats = np.bincount(owner, weights=transfer, minlength=len(number)).astype(
            np.float64
        )
        return total

    # The end of particles

    def _settle(self, parts: list[Particles]) -> Particles:
        """Take out what has stopped, with all that comes of it, and join the rest."""
        flying = []
        while parts:
            p = Particles.join(parts)
            parts = []
            stopped = p.energy <= self._floor(p.kind)
            if not stopped.any():
                flying.append(p)
                break
            flying.append(p.take(~stopped))
            parts = [part for part in self._stop(p.take(stopped)) if len(part)]
        return Particles.join(flying)

    def _floor(self, kind: Ints) -> Floats:
        floor = self.tables.stop.copy()
        floor[PHOTON], floor[NEUTRON] = t.LOWEST_PHOTON, t.LOWEST_NEUTRON
        made: Floats = floor[kind]
        return made

    def _stop(self, p: Particles) -> list[Particles]:
        """Particles at the end of their range."""
        neutron = p.kind == NEUTRON
        if neutron.any():
            self.account.book("neutron", p.event[neutron], p.energy[neutron])
        seen = p.take(~neutron)
        stop = self.tables.stop[seen.kind]
        part = seen.energy / np.where(stop > 0, stop, 1.0)
        length = self.tables.stop_range[seen.kind] * part
        self.account.leave_here(seen, seen.energy, length)
        seen.energy = np.zeros(len(seen))
        made: list[Particles] = []
        ends: dict[int, Callable[[Particles], list[Particles]]] = {
            POSITRON: self._annihilate_at_rest,
            MUON_PLUS: self._end_of_muons,
            MUON_MINUS: self._end_of_muons,
            PION_PLUS: self._end_of_pions,
            PION_MINUS: lambda q: absorb_pions(q, self.material, self.account, self.random),
        }
        for kind, end in ends.items():
            rows = seen.kind == kind
            if rows.any():
                made += end(seen.take(rows))
        return made

    def _annihilate_at_rest(self, p: Particles) -> list[Particles]:
        everyone = np.ones(len(p), dtype=bool)
        energy = np.full(len(p), ELECTRON_MASS)
        one = isotropic(len(p), self.random)
        return [
            p.child(everyone, PHOTON, energy, one),
            p.child(everyone, PHOTON, energy.copy(), -one),
        ]

    def _end_of_muons(self, p: Particles) -> list[Particles]:
        negative = p.kind == MUON_MINUS
        life = np.where(negative, self.material.capture_lifetime, MEAN_LIFE[MUON_PLUS])
        p.time = p.time + life * self.random.standard_exponential(len(p))
        caught = negative & (self.random.random(len(p)) < self.material.capture)
        made = []
        if caught.any():
            made += capture_muons(p.take(caught), self.account, self.random)
        if not caught.all():
            made += decay_muons(p.take(~caught), self.account, self.random)
        return made

    def _end_of_pions(self, p: Particles) -> list[Particles]:
        p.time = p.time + MEAN_LIFE[PION_PLUS] * self.random.standard_exponential(len(p))
        return decay_pions(p, self.account, self.random)

    # Interactions

    def _interact(self, p: Particles, rates: Floats) -> list[Particles]:
        """Particles that meet something; ``rates`` [N, 9] are summed over the processes."""
        luck = self.random.random(len(p)) * rates[:, -1]
        process = (luck[:, None] >= rates).sum(1)
        handlers: dict[int, Callable[[Particles], list[Particles]]] = {
            t.DELTA: self._knock_out,
            t.BREMSSTRAHLUNG: self._radiate,
            t.ANNIHILATION: self._annihilate,
            t.COMPTON: self._compton,
            t.PHOTOELECTRIC: self._photoelectric,
            t.PAIR: self._pair,
            t.NUCLEAR: lambda q: hit_nuclei(q, self.material, self.account, self.random),
            t.HYDROGEN: lambda q: hit_protons(q, self.account, self.random),
            t.DECAY: self._decay,
        }
        made: list[Particles] = []
        for number, handler in handlers.items():
            rows = process == number
            if rows.any():
                made += handler(p.take(rows))
        return made

    def _knock_out(self, p: Particles) -> list[Particles]:
        """A delta ray: an electron of more than the cut."""
        energy = self._delta_energies(p)
        real = energy > 0  # slowed down below the cut within the step: nothing happens
        mass = MASS[p.kind]
        before = momentum(p.energy, mass)
        after = momentum(energy, ELECTRON_MASS)
        # From energy and momentum conservation with an electron at rest.
        cosine = energy * (p.energy + mass + ELECTRON_MASS)
        cosine = np.where(real, cosine / np.where(real, before * after, 1.0), 1.0)
        azimuth = self.random.uniform(0, 2 * np.pi, len(p))
        out = turned(p.direction, np.clip(cosine, -1.0, 1.0), azimuth)
        electrons = p.child(real, ELECTRON, energy[real], out[real])
        p.direction = unit(before[:, None] * p.direction - after[:, None] * out)
        p.energy = p.energy - energy
        return [p, electrons]

    def _delta_energies(self, p: Particles) -> Floats:
        """Energies of delta rays in MeV, 0 where the particle can no longer make one."""
        gamma = 1 + p.energy / MASS[p.kind]
        beta2 = 1 - 1 / (gamma * gamma)
        electron, positron = p.kind == ELECTRON, p.kind == POSITRON
        most = _largest_transfer(p.kind, p.energy)
        able = np.flatnonzero(most > t.DELTA_CUT)
        inverse = 1 / t.DELTA_CUT - 1 / most[able]

        def propose(rows: Rows) -> Floats:
            drawn: Floats = 1 / (1 / t.DELTA_CUT - inverse[rows] * self.random.random(len(rows)))
            return drawn

        def chance(rows: Rows, energy: Floats) -> Floats:
            own = able[rows]
            part = np.minimum(energy / p.energy[own], np.where(electron[own], 0.5, 1.0))
            return np.where(
                electron[own],
                moller_shape(np.minimum(part, 0.5), gamma[own]) / 2.25,
                np.where(
                    positron[own],
                    bhabha_shape(part, gamma[own]),
                    1 - beta2[own] * energy / most[own],
                ),
            )

        energy = np.zeros(len(p))
        energy[able] = accept(len(able), propose, chance, self.random)
        return energy

    def _radiate(self, p: Particles) -> list[Particles]:
        able = p.energy > t.PHOTON_CUT
        if not able.all():
            return [p.take(~able), *(self._radiate(p.take(able)) if able.any() else [])]
        photon = self.tables.radiation.sample(p.energy, self.random)
        out = self.tables.radiation.directions(p.energy, p.direction, self.random)
        photons = p.child(able, PHOTON, photon, out)
        p.energy = p.energy - photon
        return [p, photons]

    def _annihilate(self, p: Particles) -> list[Particles]:
        one, first, two, second = annihilate(p.energy, p.direction, self.random)
        everyone = np.ones(len(p), dtype=bool)
        return [p.child(everyone, PHOTON, one, first), p.child(everyone, PHOTON, two, second)]

    def _compton(self, p: Particles) -> list[Particles]:
        energy, direction, own, out = compton(p.energy, p.direction, self.random)
        electrons = p.child(np.ones(len(p), dtype=bool), ELECTRON, own, out)
        p.energy, p.direction = energy, direction
        return [p, electrons]

    def _photoelectric(self, p: Particles) -> list[Particles]:
        """The electron takes the whole energy: its shell's is given back at once, on the spot."""
        return [p.child(np.ones(len(p), dtype=bool), ELECTRON, p.energy, p.direction)]

    def _pair(self, p: Particles) -> list[Particles]:
        part = pair_fractions(p.energy, self.material, self.random)
        kinetic = p.energy - 2 * ELECTRON_MASS
        azimuth = self.random.uniform(0, 2 * np.pi, len(p))
        everyone = np.ones(len(p), dtype=bool)
        made = []
        for kind, share, turn in ((POSITRON, part, 0.0), (ELECTRON, 1 - part, np.pi)):
            own = share * kinetic
            total = own + ELECTRON_MASS
            out = pair_directions(total, p.direction, azimuth + turn, self.random)
            made.append(p.child(everyone, kind, own, out))
        return made

    def _decay(self, p: Particles) -> list[Particles]:
        muon = (p.kind == MUON_MINUS) | (p.kind == MUON_PLUS)
        made = []
        if muon.any():
            made += decay_muons(p.take(muon), self.account, self.random)
        if not muon.all():
            made += decay_pions(p.take(~muon), self.account, self.random)
        return made


def _largest_transfer(kind: Ints, energy: Floats) -> Floats:
    """The most [N] in MeV that charged particles can give to an electron.

    An electron gives half of its energy, since the slower of two is called the secondary; a
    positron all of it.
    """
    heavy = largest_transfer(energy, MASS[kind])
    light = np.where(kind == ELECTRON, energy / 2, energy)
    return np.where(kind <= POSITRON, light, heavy)
