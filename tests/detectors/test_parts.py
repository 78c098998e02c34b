"""Parameters, throws, the beam, deposits, voxels and channels."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hitclr.detectors import (
    LIQUID_ARGON,
    Beam,
    Deposits,
    DetectorParameter,
    Primaries,
    Throw,
    Throws,
    channel_uniform,
    offsets,
    pack_cells,
    shoot,
    sum_cells,
    unpack_cells,
)
from hitclr.detectors.gun.material import Element
from hitclr.errors import SettingsError
from hitclr.rng import generator

LIFETIME = DetectorParameter(
    "lifetime", "us", 2200.0, 500.0, 5000.0, "of drifting electrons", "log-uniform", minimum=100.0
)


def test_a_parameter_moves_towards_either_end():
    assert LIFETIME.at(0) == 2200
    assert LIFETIME.at(1) == 5000
    assert LIFETIME.at(-1) == 500
    assert LIFETIME.at(0.5) == pytest.approx(3600)
    assert LIFETIME.at(-0.5) == pytest.approx(1350)
    assert LIFETIME.at(-3) == 100  # the end of what can be computed


@pytest.mark.parametrize("value", [99.0, float("nan"), float("inf")])
def test_values_that_cannot_be_computed_are_refused(value):
    with pytest.raises(SettingsError, match=r"lifetime: expected a number between 100 and inf us"):
        LIFETIME.check(value)
    assert LIFETIME.check(100) == 100.0


@pytest.mark.parametrize("change", [{"nominal": 400.0}, {"minimum": 600.0}, {"high": 2000.0}])
def test_a_parameter_in_disorder_is_refused(change):
    numbers = {"nominal": 2200.0, "low": 500.0, "high": 5000.0, "minimum": 100.0, **change}
    with pytest.raises(ValueError, match="'t': expected minimum <= low <= nominal"):
        DetectorParameter("t", "us", meaning="", **numbers)
    with pytest.raises(ValueError, match="needs low > 0"):
        DetectorParameter("t", "", 1.0, 0.0, 2.0, "", "log-uniform")


def test_priors():
    drawn = LIFETIME.draw(20_000, generator(0)).double()
    assert drawn.min() >= 500
    assert drawn.max() <= 5000.01
    assert drawn.log().mean() == pytest.approx(np.log(500 * 5000) / 2, abs=0.02)
    even = DetectorParameter("gain", "", 1.0, 0.9, 1.1, "").draw(20_000, generator(0))
    assert even.mean() == pytest.approx(1.0, abs=0.002)
    narrow = LIFETIME.draw(1000, generator(0), between=(1000.0, 1001.0))
    assert narrow.min() >= 999.9
    assert narrow.max() <= 1001.1


def test_one_throw_for_all_events():
    throws = Throws.same(Throw("nominal", {"field": 0.5}), 3)
    assert throws["field"].tolist() == [0.5] * 3
    assert throws.channels.tolist() == [0] * 3


def test_beam():
    beam = Beam(("electron", "muon"), (100.0, 200.0), (-1.0, 0.0, 2.0), (1.0, 0.0, 3.0))
    made = beam.draw(10, 4000, np.random.default_rng(0))
    assert made.event.tolist() == list(range(10, 4010))
    codes, counts = np.unique(made.pdg, return_counts=True)
    assert codes.tolist() == [-13, 11, 13]
    assert counts.tolist() == pytest.approx([1000, 2000, 1000], abs=150)
    assert made.energy.min() >= 100
    assert made.energy.max() <= 200
    assert made.position.min(0) == pytest.approx([-1, 0, 2], abs=0.01)
    assert made.position.max(0) == pytest.approx([1, 0, 3], abs=0.01)
    assert np.linalg.norm(made.direction, axis=1) == pytest.approx(np.ones(4000))
    assert made.direction.mean(0) == pytest.approx(np.zeros(3), abs=0.04)
    again = beam.draw(10, 4000, np.random.default_rng(0))
    assert (again.direction == made.direction).all()


def test_a_beam_of_nothing_or_of_negative_energy_is_refused():
    with pytest.raises(SettingsError, match=r"'muo'. Did you mean muon"):
        Beam(("muo",))
    with pytest.raises(SettingsError, match="at least one particle"):
        Beam(())
    with pytest.raises(SettingsError, match="0 < low <= high, got 0, 5"):
        Beam(("muon",), (0.0, 5.0))
    assert Beam(("muon",)).change(particles=("proton",)).particles == ("proton",)


def primaries(pdg, energy):
    count = len(pdg)
    return Primaries(
        np.arange(count),
        np.array(pdg),
        np.array(energy, dtype=float),
        np.zeros((count, 3)),
        np.tile([0.0, 0.0, 1.0], (count, 1)),
    )


def test_the_gun_refuses_what_it_does_not_know():
    random = np.random.default_rng(0)
    with pytest.raises(SettingsError, match=r"PDG codes \[15\]"):
        shoot(primaries([15, 11], [5, 5]), LIQUID_ARGON, random, step=0.2)
    with pytest.raises(SettingsError, match="up to 1000 MeV, got 5 to 2000"):
        shoot(primaries([11, 11], [5, 2000]), LIQUID_ARGON, random, step=0.2)
    with pytest.raises(SettingsError, match="positive step"):
        shoot(primaries([11], [5]), LIQUID_ARGON, random, step=0.0)


def test_the_gun_refuses_a_material_without_cross_sections():
    xenon = replace(LIQUID_ARGON, name="xenon", elements=(Element(54, 131.29, 1.0),))
    with pytest.raises(SettingsError, match=r"elements \[54\] of xenon: expected .* \[1, 6, 18\]"):
        shoot(primaries([11], [5]), xenon, np.random.default_rng(0), step=0.2)


def test_no_primaries_no_deposits():
    empty = primaries(np.zeros(0, dtype=np.int64), [])
    made = shoot(empty, LIQUID_ARGON, np.random.default_rng(0), step=0.2)
    assert len(made) == 0
    assert made.pos.shape == (0, 3)


def test_the_gun_is_a_function_of_its_seed():
    one, two, other = (
        shoot(primaries([11, 211], [50, 90]), LIQUID_ARGON, np.random.default_rng(s), step=0.2)
        for s in (3, 3, 4)
    )
    assert torch.equal(one.pos, two.pos)
    assert torch.equal(one.energy, two.energy)
    assert not torch.equal(one.ptr, other.ptr)


def test_no_deposit_is_longer_than_the_step():
    made = shoot(primaries([13], [300]), LIQUID_ARGON, np.random.default_rng(0), step=0.1)
    assert made.length.max() <= 0.1001
    assert made.energy.min() > 0


@pytest.fixture
def deposits():
    return shoot(
        primaries([11, 13, 2212], [50, 90, 100]), LIQUID_ARGON, np.random.default_rng(0), step=0.2
    )


def test_choosing_and_joining_deposits(deposits):
    chosen = deposits.select(torch.tensor([2, 0]))
    assert chosen.truth["pdg"].tolist() == [2212, 11]
    assert torch.equal(chosen.total_energy(), deposits.total_energy()[[2, 0]])
    assert chosen.deposits_per_event().tolist() == deposits.deposits_per_event()[[2, 0]].tolist()
    joined = Deposits.concat([deposits, chosen])
    assert len(joined) == 5
    assert torch.equal(joined.select(torch.tensor([3, 4])).pos, chosen.pos)
    assert torch.equal(joined.event[-1:], torch.tensor([4]))
    with pytest.raises(ValueError, match="at least one part"):
        Deposits.concat([])


cells = st.lists(
    st.tuples(st.integers(0, 3), *[st.integers(-2, 2)] * 3, st.integers(1, 100)), max_size=40
)


@given(cells)
def test_voxels_sum_all_charge(rows):
    table = torch.tensor(rows, dtype=torch.int64).reshape(-1, 5)
    event, cell, charge = table[:, 0], table[:, 1:4], table[:, 4].double()
    places, total = sum_cells(pack_cells(event, cell), charge)
    expected = {}
    for *place, amount in rows:
        expected[tuple(place)] = expected.get(tuple(place), 0) + amount
    back_event, back_cell = unpack_cells(places)
    made = torch.cat([back_event[:, None], back_cell], 1).tolist()
    assert {tuple(place): amount for place, amount in zip(made, total.tolist(), strict=True)} == (
        expected
    )
    assert made == sorted(made)
    ptr = offsets(back_event, 5)
    assert ptr.tolist() == [sum(e < n for e in back_event.tolist()) for n in range(6)]


def test_cells_far_out_are_kept_apart():
    event = torch.tensor([0, 0, 32767])
    cell = torch.tensor([[-32768, 32767, 0], [32767, -32768, -1], [0, 0, 0]])
    assert torch.equal(unpack_cells(pack_cells(event, cell))[1], cell)
    assert torch.equal(unpack_cells(pack_cells(event, cell))[0], event)


def test_channels_are_even_and_independent_of_each_other():
    channel = torch.arange(100_000)
    one = channel_uniform(channel, torch.zeros_like(channel)).double()
    assert one.min() >= 0
    assert one.max() < 1
    counts = torch.histc(one, 20, 0, 1)
    assert ((counts - 5000) ** 2 / 5000).sum() < 60  # chi-square of 19
    other = channel_uniform(channel, torch.ones_like(channel)).double()
    assert abs(torch.corrcoef(torch.stack([one, other]))[0, 1]) < 0.015
    assert abs(torch.corrcoef(torch.stack([one[1:], one[:-1]]))[0, 1]) < 0.015
    assert torch.equal(channel_uniform(channel[5:6], channel[:1]), one[5:6].float())
