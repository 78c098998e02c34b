"""Charged particles in the gun's materials against PDG's and NIST's tables."""

import numpy as np
import pytest
from scipy.integrate import trapezoid

from hitclr.detectors.gun import LIQUID_ARGON, POLYSTYRENE
from hitclr.detectors.gun.energy_loss import (
    bhabha_shape,
    collision_strength,
    delta_rate,
    electron_delta_rate,
    electron_loss,
    largest_transfer,
    moller_shape,
    restricted_loss,
    restricted_variance,
)
from hitclr.detectors.gun.particles import (
    ELECTRON_MASS,
    MUON_MASS,
    MUON_PLUS,
    NUCLEON_MASS,
    PROTON,
)
from hitclr.detectors.gun.scattering import scattering_cosines, scattering_variance

MATERIALS = {"argon": LIQUID_ARGON, "polystyrene": POLYSTYRENE}

# CSDA ranges in g/cm2 by kinetic energy in MeV. Muons: PDG, muE_liquid_argon.txt (2020). Protons:
# NIST PSTAR, argon and polystyrene. The issue asks for 3 %; NIST gives its own ranges as good to
# 1 to 2 %, and PSTAR's argon is a gas, which matters by less than 0.5 % here. Muons in polystyrene
# have the range of protons of the same velocity times the ratio of the masses (below 1 % of
# corrections: PDG, "Passage of particles through matter", sec. 34.2.4).
RANGES = [
    (MUON_PLUS, "argon", 20, 3.321),
    (MUON_PLUS, "argon", 40, 10.58),
    (MUON_PLUS, "argon", 100, 42.50),
    (MUON_PLUS, "argon", 200, 106.3),
    (MUON_PLUS, "argon", 400, 238.5),
    (PROTON, "argon", 50, 3.208),
    (PROTON, "argon", 100, 10.92),
    (PROTON, "argon", 200, 36.27),
    (PROTON, "argon", 400, 113.8),
    (PROTON, "polystyrene", 50, 2.268),
    (PROTON, "polystyrene", 100, 7.870),
    (PROTON, "polystyrene", 200, 26.50),
    (PROTON, "polystyrene", 400, 84.04),
]
_MUON_TO_PROTON = MUON_MASS / NUCLEON_MASS
RANGES += [
    (MUON_PLUS, "polystyrene", energy * _MUON_TO_PROTON, reference * _MUON_TO_PROTON)
    for energy, reference in ((200, 26.50), (400, 84.04), (1000, 333.0))
]


@pytest.mark.parametrize(("kind", "material", "energy", "reference"), RANGES)
def test_mean_path_is_the_csda_range(path_lengths, kind, material, energy, reference):
    path = path_lengths(kind, energy, material) * MATERIALS[material].density
    assert np.nanmean(path) == pytest.approx(reference, rel=0.03)


@pytest.mark.parametrize(
    ("kind", "material", "energy", "reference"),
    [
        # Straggling of the range: 1.05 % to 1.2 % for protons of 100 to 200 MeV (Janni 1982), wider
        # for the lighter muon by the square root of the ratio of masses, about 3.
        (PROTON, "polystyrene", 200, 0.0110),
        (MUON_PLUS, "argon", 100, 0.030),
    ],
)
def test_ranges_straggle(path_lengths, kind, material, energy, reference):
    path = path_lengths(kind, energy, material)
    path = path[np.isfinite(path)]
    low, high = np.percentile(path, [16, 84])
    assert (high - low) / 2 / np.median(path) == pytest.approx(reference, rel=0.3)


@pytest.mark.parametrize(
    ("material", "energy", "reference"),
    # dE/dx by ionisation in MeV cm2/g: PDG, muE_liquid_argon.txt; the minimum of polystyrene from
    # PDG's table of atomic and nuclear properties.
    [
        ("argon", 10, 5.687),
        ("argon", 30, 2.731),
        ("argon", 100, 1.669),
        ("argon", 266, 1.508),
        ("argon", 1000, 1.644),
        ("polystyrene", 319, 1.936),
    ],
)
def test_muons_lose_as_tabulated(material, energy, reference):
    made = restricted_loss(np.array([float(energy)]), MUON_MASS, MATERIALS[material], np.inf)
    assert made[0] / MATERIALS[material].density == pytest.approx(reference, rel=0.005)


@pytest.mark.parametrize(("material", "reference"), [("argon", 1.508), ("polystyrene", 1.936)])
def test_the_minimum_is_where_it_should_be(material, reference):
    energy = np.geomspace(50, 1000, 400)
    loss = restricted_loss(energy, MUON_MASS, MATERIALS[material], np.inf)
    assert loss.min() / MATERIALS[material].density == pytest.approx(reference, rel=0.005)
    assert 230 < energy[loss.argmin()] < 350  # 266 MeV in argon (PDG)


@pytest.mark.parametrize(
    ("energy", "reference"),
    # NIST PSTAR, polystyrene, total stopping power in MeV cm2/g. Shell corrections, which the gun
    # leaves out, are 1 % at 10 MeV.
    [(10, 45.0), (50, 12.21), (200, 4.397), (600, 2.499)],
)
def test_protons_lose_as_tabulated(energy, reference):
    material = MATERIALS["polystyrene"]
    made = restricted_loss(np.array([float(energy)]), NUCLEON_MASS, material, np.inf)
    assert made[0] / material.density == pytest.approx(reference, rel=0.012)


@pytest.mark.parametrize(
    ("energy", "reference"),
    # NIST ESTAR, collision stopping power of electrons in polystyrene, MeV cm2/g.
    [(0.1, 4.034), (0.5, 1.984), (1, 1.794), (10, 1.916), (100, 2.132), (500, 2.266)],
)
def test_electrons_lose_as_tabulated(energy, reference):
    material = MATERIALS["polystyrene"]
    made = electron_loss(np.array([float(energy)]), material, np.inf, positron=False)
    assert made[0] / material.density == pytest.approx(reference, rel=0.01)


@pytest.mark.parametrize("positron", [False, True])
@pytest.mark.parametrize("energy", [0.3, 2.0, 50.0])
def test_soft_and_hard_collisions_make_up_the_whole_loss(energy, positron):
    material, cut, t = MATERIALS["argon"], 0.05, np.array([energy])
    whole = electron_loss(t, material, np.inf, positron=positron)
    soft = electron_loss(t, material, cut, positron=positron)
    top = 1.0 if positron else 0.5
    part = np.geomspace(cut / energy, top, 40001)
    gamma = np.full_like(part, 1 + energy / ELECTRON_MASS)
    shape = (bhabha_shape if positron else moller_shape)(part, gamma)
    beta2 = 1 - 1 / gamma[0] ** 2
    factor = collision_strength(material) / beta2
    hard = factor * trapezoid(shape / part, part)
    assert soft + hard == pytest.approx(whole, rel=1e-5)
    number = factor / energy * trapezoid(shape / part**2, part)
    rate = electron_delta_rate(t, material, cut, positron=positron)
    assert rate == pytest.approx(number, rel=1e-4)


def test_heavy_particles_too():
    material, cut, t = MATERIALS["argon"], 0.5, np.array([300.0])
    whole = restricted_loss(t, MUON_MASS, material, np.inf)
    soft = restricted_loss(t, MUON_MASS, material, cut)
    most = largest_transfer(t, MUON_MASS)[0]
    gamma = 1 + 300.0 / MUON_MASS
    beta2 = 1 - 1 / gamma**2
    transfer = np.geomspace(cut, most, 40001)
    density = collision_strength(material) / beta2 / transfer**2 * (1 - beta2 * transfer / most)
    assert soft + trapezoid(transfer * density, transfer) == pytest.approx(whole, rel=1e-5)
    rate = delta_rate(t, MUON_MASS, material, cut)
    assert rate == pytest.approx(trapezoid(density, transfer), rel=1e-5)


def test_the_variance_is_bohrs_for_slow_particles():
    # Bohr: 4 pi N_A r_e^2 (m c^2)^2 Z/A per g/cm2 = K m_e Z/A, times (1 - beta^2/2)/(1 - beta^2)
    material, t = MATERIALS["argon"], np.array([20.0])
    made = restricted_variance(t, NUCLEON_MASS, material, np.inf) / material.density
    bohr = 0.307075 * ELECTRON_MASS * material.charge_over_mass
    gamma = 1 + 20.0 / NUCLEON_MASS
    beta2 = 1 - 1 / gamma**2
    assert made == pytest.approx(bohr * (1 - beta2 / 2) / (1 - beta2), rel=2e-3)


def test_most_probable_loss_of_a_muon(walked):
    # Landau, Vavilov and Bichsel (PDG, eq. 34.12) for 1 cm of argon at 300 MeV.
    material = MATERIALS["argon"]
    muons = walked(MUON_PLUS, 300.0, "argon", count=20000, distance=1.0)
    gamma = 1 + 300.0 / MUON_MASS
    beta2 = 1 - 1 / gamma**2
    xi = collision_strength(material) * muons.path.mean() / beta2
    excitation = material.excitation * 1e-6
    delta = 0.2157  # PDG, muE_liquid_argon.txt
    log = np.log(2 * ELECTRON_MASS * beta2 * gamma**2 / excitation)
    most = xi * (log + np.log(xi / excitation) + 0.2 - beta2 - delta)
    loss = np.sort(300.0 - muons.energy)
    # The mode as the middle of the narrowest interval with a quarter of all.
    width = len(loss) // 4
    start = (loss[width:] - loss[:-width]).argmin()
    peak = (loss[start] + loss[start + width]) / 2
    # 3 %: the middle of a skew peak lies above its top by a tenth of xi or so; xi is 0.1 MeV.
    assert peak == pytest.approx(most, rel=0.03)
    assert loss.mean() == pytest.approx(1.509 * 1.396 * muons.path.mean(), rel=0.01)


def test_multiple_scattering_adds_up_to_highlands_formula():
    # PDG, eq. 34.16, for 10 cm of argon at a constant momentum, in 40 steps and in 4.
    length, pc = 14.0, 300.0
    for steps in (40, 4):
        step = np.full(1, 10.0 / steps)
        total = sum(
            scattering_variance(step * i, step, np.full(1, pc), length)[0] for i in range(steps)
        )
        theta = 13.6 / pc * np.sqrt(10 / length) * (1 + 0.038 * np.log(10 / length))
        assert np.sqrt(total) == pytest.approx(theta, rel=0.02)


def test_scattering_angles_have_their_variance():
    random = np.random.default_rng(0)
    cosine = scattering_cosines(np.full(200_000, 0.01**2), random)
    # 1 - cos is theta^2/2, whose mean is the variance of one projection
    assert (1 - cosine).mean() == pytest.approx(0.01**2, rel=0.02)
    wild = scattering_cosines(np.full(200_000, 1e4), random)
    assert wild.mean() == pytest.approx(0.0, abs=0.01)
    assert (wild**2).mean() == pytest.approx(1 / 3, rel=0.02)


def test_a_muon_track_is_as_wide_as_the_formula_says(walked):
    # At depth L of a track the lateral spread is theta_0 L / sqrt(3) (PDG, eq. 34.20) for
    # scattering that is the same all along. Here it grows with the logarithm of the depth, as
    # Highland has it, which makes the spread 3 % smaller: 8 % are allowed for it, 5 for the angle.
    # PDG gives the formula itself as good to 11 %. The core of the distribution is compared.
    muons = walked(MUON_PLUS, 400.0, "argon", count=8000, distance=10.0)
    depth = muons.pos[:, 2].mean()
    total = 400.0 - 10.5 + MUON_MASS  # in the middle
    pbeta = (total**2 - MUON_MASS**2) / total
    thickness = depth / (MATERIALS["argon"].radiation_length / 1.396)
    theta = 13.6 / pbeta * np.sqrt(thickness) * (1 + 0.038 * np.log(thickness))
    low, high = np.percentile(muons.pos[:, :2], [16, 84])
    assert (high - low) / 2 == pytest.approx(theta * depth / np.sqrt(3), rel=0.08)
    low, high = np.percentile(muons.direction[:, :2], [16, 84])
    assert (high - low) / 2 == pytest.approx(theta, rel=0.05)
