import math

import pytest
import torch
from hitclr_cube.light import BIRKS, attenuation, proton_range, visible_energy


def test_birks_closed_form():
    energy, length = torch.tensor([2.0, 10.0, 0.3]), torch.tensor([1.0, 0.4, 0.05])
    expected = energy / (1 + 0.0126 * energy / length)
    assert torch.allclose(visible_energy(energy, length), expected, rtol=1e-6)
    assert pytest.approx(0.0126) == BIRKS


def test_two_pieces_of_one_track_give_the_light_of_the_whole():
    whole = visible_energy(torch.tensor([4.0]), torch.tensor([1.0]))
    half = visible_energy(torch.tensor([2.0]), torch.tensor([0.5]))
    assert float(2 * half) == pytest.approx(float(whole), rel=1e-6)


@pytest.mark.parametrize("energy", [3.0, 5.0, 10.0, 15.0])
def test_protons_that_stop_against_cecil(energy):
    # The light of protons in NE-102 in MeV of electrons: R. A. Cecil, B. D. Anderson and R. Madey,
    # Nucl. Instrum. Meth. 161 (1979) 439, table 1. Another plastic, hence 15 %.
    measured = 0.95 * energy - 8.0 * (1 - math.exp(-0.1 * energy**0.9))
    light = visible_energy(torch.tensor([energy]), torch.tensor([0.0]))
    assert float(light) == pytest.approx(measured, rel=0.15)


def test_slow_protons_step_by_step_against_cecil():
    # The same for a track cut into pieces: the range rule gives the length of each.
    edges = torch.linspace(0, 20, 401)
    pieces, lengths = edges.diff(), proton_range(edges).diff()
    light = float(visible_energy(pieces, lengths).sum())
    assert light == pytest.approx(0.95 * 20 - 8.0 * (1 - math.exp(-0.1 * 20**0.9)), rel=0.10)


def test_proton_range_against_pstar():
    # CSDA ranges of protons, NIST PSTAR: in water 0.1230 g/cm2 at 10 MeV; in polystyrene, of
    # 1.06 g/cm3, 2.268 g/cm2 at 50 MeV and 7.870 g/cm2 at 100 MeV.
    ranges = proton_range(torch.tensor([10.0, 50.0, 100.0]))
    assert ranges.tolist() == pytest.approx([0.1230, 2.268 / 1.06, 7.870 / 1.06], rel=0.06)


def test_points_and_nothing():
    energy = torch.tensor([0.0, 0.0, 1e-6, 5.0, 300.0])
    length = torch.tensor([0.0, 1.0, 0.0, 0.0, 0.0])
    light = visible_energy(energy, length)
    assert bool(light.isfinite().all())
    assert light[:2].tolist() == [0.0, 0.0]
    assert bool((light <= energy).all())
    # A point of 5 MeV counts as a proton of that energy, which has 0.038 cm.
    assert float(light[3]) == pytest.approx(5 / (1 + BIRKS * 5 / 0.03800), rel=1e-3)


def test_tracks_of_the_gun_are_longer_than_the_shortest(shower):
    track = shower.length > 0
    energy, length = shower.energy[track], shower.length[track]
    plain = energy / (1 + BIRKS * energy / length)
    changed = (visible_energy(energy, length) - plain).abs() > 1e-5 * plain
    assert float(changed.float().mean()) < 0.02


def test_attenuation_closed_form():
    # The numbers of the SuperFGD prototypes: 77 % with 463.4 cm, 23 % with 33.2 cm.
    distance = torch.tensor([0.0, 33.2, 463.4])
    expected = [
        1.0,
        0.77 * math.exp(-33.2 / 463.4) + 0.23 / math.e,
        0.77 / math.e + 0.23 * math.exp(-463.4 / 33.2),
    ]
    assert attenuation(distance).tolist() == pytest.approx(expected, rel=1e-6)
