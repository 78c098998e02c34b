"""Photons, electrons and their showers against NIST's and PDG's numbers."""

import numpy as np
import pytest
from scipy.integrate import trapezoid

from hitclr.detectors.gun import LIQUID_ARGON, POLYSTYRENE
from hitclr.detectors.gun.annihilation import annihilate
from hitclr.detectors.gun.kinematics import isotropic
from hitclr.detectors.gun.particles import ELECTRON_MASS
from hitclr.detectors.gun.photons import compton, pair_fractions, photon_rates
from hitclr.detectors.gun.radiation import Bremsstrahlung

MATERIALS = {"argon": LIQUID_ARGON, "polystyrene": POLYSTYRENE}


@pytest.mark.parametrize(
    ("material", "energy", "reference"),
    # NIST XCOM, total attenuation without coherent scattering, cm2/g; between the grid's points,
    # where the interpolation is tested, from the neighbours' double logarithm.
    [
        ("argon", 0.05, 0.6305),
        ("argon", 1.0, 0.05739),
        ("argon", 10.0, 0.02451),
        ("argon", 100.0, 0.03069),
        ("polystyrene", 0.1, 0.1590),
        ("polystyrene", 2.0, 0.04777),
        ("polystyrene", 500.0, 0.01604),
    ],
)
def test_photons_are_attenuated_as_tabulated(material, energy, reference):
    rates = photon_rates(np.array([energy]), MATERIALS[material])
    assert sum(rates)[0] / MATERIALS[material].density == pytest.approx(reference, rel=0.002)


@pytest.mark.parametrize("material", ["argon", "polystyrene"])
def test_conversion_distance_is_nine_sevenths_of_a_radiation_length(flown, material):
    # PDG, eq. 34.31 integrated: sigma = 7/9 A/(X0 N_A) at high energy. At 900 MeV the cross section
    # is still 4 to 7 % lower (XCOM: 0.0371 for 0.0398 cm2/g in argon, with the electrons' field).
    m = MATERIALS[material]
    depth = flown(22, 900.0, material, count=20_000) * m.density
    assert depth.mean() == pytest.approx(9 / 7 * m.radiation_length, rel=0.08)
    assert depth.std() == pytest.approx(depth.mean(), rel=0.03)  # exponential


@pytest.mark.parametrize(
    ("material", "energy", "reference", "tolerance"),
    # NIST ESTAR, radiative stopping power, MeV cm2/g. Bethe and Heitler's theory with Thomas and
    # Fermi's screening is within 3 % in argon; in carbon and hydrogen, 4 % above 50 MeV and 9 % at
    # 5 MeV, where radiation is 3 % of the loss.
    [
        ("argon", 2.0, 0.05581, 0.03),
        ("argon", 20.0, 0.7949, 0.03),
        ("argon", 100.0, 4.614, 0.03),
        ("argon", 300.0, 14.59, 0.03),
        ("polystyrene", 5.0, 0.06353, 0.09),
        ("polystyrene", 100.0, 1.988, 0.04),
        ("polystyrene", 500.0, 10.81, 0.04),
    ],
)
def test_electrons_radiate_as_tabulated(material, energy, reference, tolerance):
    m = MATERIALS[material]
    made = Bremsstrahlung(m, 0.1).loss(np.array([energy]))[0] / m.density
    assert made == pytest.approx(reference, rel=tolerance)


def test_radiated_photons_carry_the_loss():
    radiation, energy = Bremsstrahlung(LIQUID_ARGON, 0.1), np.full(200_000, 100.0)
    photons = radiation.sample(energy, np.random.default_rng(0))
    assert photons.min() >= 0.1
    assert photons.max() < 100.0
    hard = radiation.rate(energy[:1]) * photons.mean()
    whole, soft = radiation.loss(energy[:1]), radiation.soft_loss(energy[:1])
    assert hard + soft == pytest.approx(whole, rel=0.01)  # statistics 0.4 %


def test_the_shower_has_its_maximum_where_it_should(shot):
    # PDG, eq. 34.36: t_max = ln(E/Ec) - 0.5 radiation lengths for electrons; 300 MeV in argon with
    # Ec = 32.84 MeV (PDG's table, liquid argon): 1.71. Rossi's Ec and the range of energies here
    # are good for 0.3 radiation lengths.
    deposits, _ = shot(11, 300.0, "argon", count=400)
    depth = deposits.pos[:, 2].numpy() * 1.396 / 19.55
    profile, edges = np.histogram(
        depth, bins=24, range=(0, 6), weights=deposits.energy.numpy().astype(float)
    )
    smooth = np.convolve(profile, np.ones(3) / 3, mode="same")
    assert edges[smooth.argmax()] + 0.125 == pytest.approx(np.log(300 / 32.84) - 0.5, abs=0.45)


def test_the_mean_depth_of_the_shower(shot):
    # In radiation lengths. Rossi's approximation B: 1.01 (ln(E/Ec) + 0.4) = 2.64 (Rossi,
    # "High-energy particles", table 5.5.1); PDG's gamma distribution, eqs. 34.35 and 34.36:
    # t_max + 1/b = 3.7 with b = 0.5. Both are for higher energies than 300 MeV; the truth is taken
    # to lie between.
    deposits, _ = shot(11, 300.0, "argon", count=400)
    energy = deposits.energy.numpy().astype(float)
    depth = deposits.pos[:, 2].numpy() * 1.396 / 19.55
    assert 2.64 < np.average(depth, weights=energy) < 3.7


def test_the_shower_is_about_a_moliere_radius_wide(shot):
    # PDG, sec. 34.5.2: 90 % of the energy within one Moliere radius, 9.043 cm in argon, 99 % within
    # 3.5. A shower of 300 MeV has a larger part in soft photons that go far, so only the order of
    # magnitude is tested: 2 radii are allowed.
    deposits, _ = shot(11, 300.0, "argon", count=400)
    energy = deposits.energy.numpy().astype(float)
    radius = np.hypot(deposits.pos[:, 0].numpy(), deposits.pos[:, 1].numpy())
    order = np.argsort(radius)
    inside = np.cumsum(energy[order]) / energy.sum()
    assert 0.8 * 9.043 < radius[order][np.searchsorted(inside, 0.9)] < 2 * 9.043
    assert energy[radius < 3.5 * 9.043].sum() / energy.sum() > 0.96


def test_showers_are_contained_in_twenty_radiation_lengths(shot):
    # PDG, sec. 34.5: the longitudinal tail falls as exp(-b t), half a radiation length and more.
    deposits, _ = shot(11, 300.0, "argon", count=400)
    energy = deposits.energy.numpy().astype(float)
    depth = deposits.pos[:, 2].numpy() * 1.396 / 19.55
    assert energy[depth < 10].sum() / energy.sum() > 0.97
    assert energy[depth < 20].sum() / energy.sum() > 0.999


def test_compton_scattering_follows_klein_and_nishina():
    # The mean energy of the electron over the photon's: the ratio of the energy-transfer cross
    # section to the whole one (Klein and Nishina 1929), integrated here.
    random = np.random.default_rng(0)
    for energy in (0.1, 1.0, 10.0):
        k = energy / ELECTRON_MASS
        cosine = np.linspace(-1, 1, 20001)
        ratio = 1 / (1 + k * (1 - cosine))
        section = ratio**2 * (ratio + 1 / ratio - 1 + cosine**2)
        mean = trapezoid(section * (1 - ratio), cosine) / trapezoid(section, cosine)
        axis = isotropic(100_000, random)
        scattered, out, own, electron = compton(np.full(100_000, energy), axis, random)
        assert own.mean() / energy == pytest.approx(mean, rel=0.01)
        p = (
            scattered[:, None] * out
            + (np.sqrt(own * (own + 2 * ELECTRON_MASS)))[:, None] * electron
        )
        assert np.abs(p - energy * axis).max() < 1e-6


def test_pairs_share_their_energy():
    random = np.random.default_rng(0)
    slow = pair_fractions(np.full(50_000, 3.0), LIQUID_ARGON, random)
    fast = pair_fractions(np.full(200_000, 1000.0), LIQUID_ARGON, random)
    assert slow.mean() == pytest.approx(0.5, abs=0.005)
    assert fast.mean() == pytest.approx(0.5, abs=0.005)
    # PDG, eq. 34.31, complete screening: 1 - 4/3 x (1 - x) has the variance 13/140 between 0 and 1;
    # at 1 GeV screening is not complete yet.
    assert fast.var() == pytest.approx(13 / 140, rel=0.05)
    assert slow.var() < 0.07


def test_annihilation_in_flight_conserves_energy_and_momentum():
    random = np.random.default_rng(0)
    axis = isotropic(1000, random)
    energy = np.full(1000, 5.0)
    one, first, two, second = annihilate(energy, axis, random)
    assert one + two == pytest.approx(energy + 2 * ELECTRON_MASS)
    p = np.sqrt(energy * (energy + 2 * ELECTRON_MASS))[:, None] * axis
    assert np.abs(one[:, None] * first + two[:, None] * second - p).max() < 1e-6
