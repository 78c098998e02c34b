"""What comes out of a nucleus that a hadron or a muon has hit.

Momenta are those of one collision with nucleons at rest. A knocked-out nucleon pays the separation
energy; what cannot leave excites the nucleus. Of the excitation a part is left on the spot by
charged fragments, a part leaves as a photon, and the rest pays for separating nucleons and goes
with slow neutrons: it is not seen. These parts are choices of this model, not measurements.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hitclr.detectors.gun.account import Account
from hitclr.detectors.gun.hadrons import pion_channels
from hitclr.detectors.gun.kinematics import isotropic, momentum, split_in_two, turned, unit
from hitclr.detectors.gun.material import Material
from hitclr.detectors.gun.particles import (
    MASS,
    MUON_MASS,
    NEUTRAL_PION_MASS,
    NEUTRON,
    NUCLEON_MASS,
    PHOTON,
    PION_MASS,
    PION_MINUS,
    PION_PLUS,
    PROTON,
    Particles,
)

__all__ = ["absorb_pions", "capture_muons", "hit_nuclei", "hit_protons", "neutral_pion_photons"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_SEPARATION = 8.0
"""The energy in MeV that it takes to free a nucleon: about the mean binding per nucleon."""
_LEAVES = 5.0
"""A nucleon with less than this, in MeV, stays in the nucleus."""
_LOCAL, _PHOTON_PART = 0.25, 0.2
"""The parts of an excitation that are left on the spot, and that leave as a photon."""


def hit_nuclei(
    hadrons: Particles, material: Material, account: Account, random: np.random.Generator
) -> list[Particles]:
    """Reactions of hadrons in nuclei; the hadrons themselves end."""
    pions = (hadrons.kind == PION_MINUS) | (hadrons.kind == PION_PLUS)
    absorbed, exchanged = pion_channels(hadrons.energy)
    luck = random.random(len(hadrons))
    absorption = pions & (luck < absorbed)
    exchange = pions & ~absorption & (luck < absorbed + exchanged)
    scattering = ~absorption & ~exchange
    made = []
    if absorption.any():
        made += absorb_pions(hadrons.take(absorption), material, account, random)
    if exchange.any():
        made += _exchange(hadrons.take(exchange), account, random, separation=_SEPARATION)
    if scattering.any():
        part = hadrons.take(scattering)
        protons = random.random(len(part)) < _proton_share(material)
        partner = np.where(protons, PROTON, NEUTRON)
        made += _scatter(part, partner, account, random, separation=_SEPARATION)
    return made


def hit_protons(
    hadrons: Particles, account: Account, random: np.random.Generator
) -> list[Particles]:
    """Scattering on free protons; of negative pions two in three exchange their charge.

    In the Delta resonance the ratio of exchange to elastic scattering is 2 to 1 by isospin.
    """
    exchange = (hadrons.kind == PION_MINUS) & (random.random(len(hadrons)) < 2 / 3)
    made = []
    if exchange.any():
        made += _exchange(hadrons.take(exchange), account, random, separation=0.0)
    if not exchange.all():
        part = hadrons.take(~exchange)
        partner = np.full(len(part), PROTON)
        made += _scatter(part, partner, account, random, separation=0.0)
    return made


def absorb_pions(
    pions: Particles, material: Material, account: Account, random: np.random.Generator
) -> list[Particles]:
    """The absorption of charged pions on pairs of nucleons, in flight or at rest.

    Three in four pairs are a neutron and a proton. A random part of the energy, a tenth to a half,
    goes to the rest of the nucleus.
    """
    count = len(pions)
    energy = pions.energy + PION_MASS
    excitation = energy * random.uniform(0.1, 0.5, count)
    system = energy - excitation - 2 * _SEPARATION + 2 * NUCLEON_MASS
    size = momentum(pions.energy, PION_MASS) * (1 - excitation / energy)
    one, p_one, two, p_two = split_in_two(
        system,
        size[:, None] * pions.direction,
        NUCLEON_MASS,
        NUCLEON_MASS,
        isotropic(count, random),
    )
    mixed = random.random(count) < 0.75
    positive = pions.kind == PION_PLUS
    # pi+ np -> pp, pi+ nn -> pn; pi- np -> nn, pi- pp -> pn
    first = np.where(positive, PROTON, NEUTRON)
    second = np.where(mixed, first, np.where(positive, NEUTRON, PROTON))
    account.book("bound", pions.event, 2 * _SEPARATION)
    everyone = np.ones(count, dtype=bool)
    return [
        pions.child(everyone, first, one - NUCLEON_MASS, unit(p_one)),
        pions.child(everyone, second, two - NUCLEON_MASS, unit(p_two)),
        *_calm_down(pions, excitation, account, random),
    ]


def capture_muons(
    muons: Particles, account: Account, random: np.random.Generator
) -> list[Particles]:
    """The capture of stopped negative muons: mu- p -> n nu in a nucleus.

    The neutrino takes most of the energy. The nucleus is left with some 15 to 20 MeV and sheds one
    or two neutrons (Measday, Phys. Rep. 354 (2001) 243, secs. 4 and 5): here 8 MeV to free one, the
    neutron's own energy, exponential with a mean of 3 MeV, and an excitation, exponential with a
    mean of 6 MeV.
    """
    count = len(muons)
    own = np.minimum(random.exponential(3.0, count), 40.0)
    excitation = np.minimum(random.exponential(6.0, count), 40.0)
    account.book("bound", muons.event, _SEPARATION)
    account.book("neutrino", muons.event, MUON_MASS - _SEPARATION - own - excitation)
    everyone = np.ones(count, dtype=bool)
    neutrons = muons.child(everyone, NEUTRON, own, isotropic(count, random))
    return [neutrons, *_calm_down(muons, excitation, account, random)]


def neutral_pion_photons(
    pions: Particles, energy: Floats, direction: Floats, random: np.random.Generator
) -> list[Particles]:
    """The two photons of neutral pions of kinetic energy [N] and direction [N, 3], made at once."""
    total = energy + NEUTRAL_PION_MASS
    vector = momentum(energy, NEUTRAL_PION_MASS)[:, None] * direction
    one, p_one, two, p_two = split_in_two(total, vector, 0.0, 0.0, isotropic(len(total), random))
    everyone = np.ones(len(pions), dtype=bool)
    return [
        pions.child(everyone, PHOTON, one, unit(p_one)),
        pions.child(everyone, PHOTON, two, unit(p_two)),
    ]


def _proton_share(material: Material) -> float:
    """Z/A of the nuclei that are not free protons."""
    heavy = [element for element in material.elements if element.charge > 1]
    weight = sum(element.fraction for element in heavy)
    return sum(e.fraction * e.charge / e.mass for e in heavy) / weight


def _axes(hadrons: Particles, random: np.random.Generator) -> Floats:
    """Directions after the collision, in its rest frame.

    Nucleons scatter evenly; pions as 1 + 3 cos^2, which the Delta resonance of spin 3/2 gives (PDG,
    sec. 50, "Resonances").
    """
    count = len(hadrons)
    cosine = random.uniform(-1.0, 1.0, count)
    light = (hadrons.kind == PION_MINUS) | (hadrons.kind == PION_PLUS)
    # The root of (c + c^3)/2 = u, by Cardano.
    half = random.uniform(-1.0, 1.0, count)
    root = np.cbrt(half + np.sqrt(half * half + 1 / 27))
    cosine = np.where(light, np.clip(root - 1 / (3 * root), -1.0, 1.0), cosine)
    return turned(hadrons.direction, cosine, random.uniform(0, 2 * np.pi, count))


def _scatter(
    hadrons: Particles,
    partner: NDArray[np.int64],
    account: Account,
    random: np.random.Generator,
    *,
    separation: float,
) -> list[Particles]:
    """Elastic scattering on one nucleon at rest."""
    mass = MASS[hadrons.kind]
    vector = momentum(hadrons.energy, mass)[:, None] * hadrons.direction
    total = hadrons.energy + mass + NUCLEON_MASS
    one, p_one, two, p_two = split_in_two(total, vector, mass, NUCLEON_MASS, _axes(hadrons, random))
    first, second = np.maximum(one - mass, 0.0), np.maximum(two - NUCLEON_MASS, 0.0)
    if separation == 0.0:
        goes_on = leaves = np.ones(len(hadrons), dtype=bool)
    else:
        nucleon = (hadrons.kind == PROTON) | (hadrons.kind == NEUTRON)
        goes_on = ~nucleon | (first > _LEAVES)
        leaves = second > separation + _LEAVES
    account.book("bound", hadrons.event[leaves], separation)
    excitation = np.where(goes_on, 0.0, first) + np.where(leaves, 0.0, second)
    return [
        hadrons.child(goes_on, hadrons.kind[goes_on], first[goes_on], unit(p_one[goes_on])),
        hadrons.child(leaves, partner[leaves], second[leaves] - separation, unit(p_two[leaves])),
        *_calm_down(hadrons, excitation, account, random),
    ]


def _exchange(
    pions: Particles, account: Account, random: np.random.Generator, *, separation: float
) -> list[Particles]:
    """Charge exchange of a pion on one nucleon: the neutral pion gives two photons."""
    vector = momentum(pions.energy, PION_MASS)[:, None] * pions.direction
    total = pions.energy + PION_MASS + NUCLEON_MASS
    one, p_one, two, p_two = split_in_two(
        total, vector, NEUTRAL_PION_MASS, NUCLEON_MASS, _axes(pions, random)
    )
    second = two - NUCLEON_MASS
    kind = np.where(pions.kind == PION_PLUS, PROTON, NEUTRON)
    leaves = second > separation + (_LEAVES if separation else 0.0)
    account.book("bound", pions.event[leaves], separation)
    photons = neutral_pion_photons(pions, one - NEUTRAL_PION_MASS, unit(p_one), random)
    return [
        *photons,
        pions.child(leaves, kind[leaves], second[leaves] - separation, unit(p_two[leaves])),
        *_calm_down(pions, np.where(leaves, 0.0, second), account, random),
    ]


def _calm_down(
    particles: Particles, excitation: Floats, account: Account, random: np.random.Generator
) -> list[Particles]:
    """What an excitation [N] in MeV of the nucleus becomes."""
    some = excitation > 0
    if not some.any():
        return []
    part, energy = particles.take(some), excitation[some]
    account.leave_here(part, _LOCAL * energy, 0.0)
    account.book("bound", part.event, (1 - _LOCAL - _PHOTON_PART) * energy)
    everyone = np.ones(len(part), dtype=bool)
    return [part.child(everyone, PHOTON, _PHOTON_PART * energy, isotropic(len(part), random))]
