"""The response: charge, positions, and what each parameter does."""

from statistics import NormalDist

import numpy as np
import pytest
import torch
from hitclr_lartpc import LARTPC
from hitclr_lartpc.geometry import PITCH, drift_of, position_of
from hitclr_lartpc.physics import WORK, drift_velocity, modified_box
from hitclr_lartpc.response import _UNIT, _shared, _sides, arriving_charge

from hitclr.detectors import Deposits, Throws, pack_cells, unpack_cells
from hitclr.rng import generator


def total(deposits, throws, seed=0):
    store = LARTPC.respond(deposits, throws, generator(seed))
    return float(store.hits["x"].double().sum())


def test_no_charge_is_lost_between_voxels(make_line, throws_of):
    deposits = make_line(25.0)
    time = 25.0 / drift_velocity(torch.tensor(0.5)).item()
    escaped = modified_box(torch.tensor([2.0]), torch.tensor([0.5])).item()
    expected = 4000 * 0.5 / WORK * escaped * np.exp(-time / 2200)
    _, charge = arriving_charge(deposits, throws_of())
    assert charge.double().sum().item() == pytest.approx(expected, rel=1e-5)


def spread(places, widths, last=1000):
    """The voxel [S, 3] and the part [S] of each share of clouds of charge 1; the cloud [S]."""
    sides = [_sides(places[:, axis], widths[:, axis], last) for axis in range(3)]
    event = torch.arange(len(places))
    cell = pack_cells(event, torch.stack([lower for lower, _, _ in sides], 1))
    moves = [step * unit for (_, step, _), unit in zip(sides, _UNIT, strict=True)]
    cell, share = _shared(cell, torch.ones(len(places)), moves, [above for _, _, above in sides])
    event, place = unpack_cells(cell)
    return event, place, share


def test_shares_of_a_cloud_sum_to_one_and_follow_the_gaussian():
    random = torch.Generator().manual_seed(0)
    places = 100 * torch.rand(2000, 3, generator=random)
    widths = torch.full((2000, 3), 0.15)
    source, cell, share = spread(places, widths)
    sums = torch.zeros(2000).index_add_(0, source, share)
    assert sums == pytest.approx(torch.ones(2000), abs=1e-6)
    assert share.min() > 0
    assert (cell + 0.5 - places[source]).abs().max() < 1.0
    # A cloud in the middle of a face: half on each side; in a corner: an eighth in each voxel.
    _, cell, share = spread(torch.tensor([[5.0, 2.5, 2.5]]), widths[:1])
    assert share.tolist() == pytest.approx([0.5, 0.5])
    assert sorted(cell.tolist()) == [[4, 2, 2], [5, 2, 2]]
    _, cell, share = spread(torch.tensor([[5.0, 3.0, 7.0]]), widths[:1])
    assert share.tolist() == pytest.approx([0.125] * 8)
    assert len(cell.unique(dim=0)) == 8
    # One width inside: 0.8413 of a Gaussian is on its side.
    for place, voxel in ((5.15, 5), (4.85, 4)):
        _, cell, share = spread(torch.tensor([[place, 2.5, 2.5]]), widths[:1])
        assert share[cell[:, 0] == voxel].item() == pytest.approx(0.8413, abs=1e-3)


def test_shares_against_the_product_of_three_gaussian_integrals():
    random = torch.Generator().manual_seed(1)
    places = 20 + torch.rand(200, 3, generator=random)
    widths = 0.05 + 0.15 * torch.rand(200, 3, generator=random)
    source, cell, share = spread(places, widths)
    # The part of each Gaussian on the voxel's side of the border, from the standard library.
    expected = [
        np.prod(
            [
                NormalDist(float(middle), float(width)).cdf(border)
                if voxel < border
                else 1 - NormalDist(float(middle), float(width)).cdf(border)
                for voxel, border, middle, width in zip(
                    own, near.round().tolist(), near, wide, strict=True
                )
            ]
        )
        for own, near, wide in zip(cell.tolist(), places[source], widths[source], strict=True)
    ]
    # A part below 0.02 goes to the other side: along three axes that is at most 0.06 of a cloud.
    assert share.numpy() == pytest.approx(np.array(expected), abs=0.06)
    assert np.abs(share.numpy() - expected).mean() < 0.005


def test_a_cloud_at_an_edge_stays_inside_and_whole():
    widths = torch.full((1, 3), 0.2)
    for place, voxel in ((0.01, 0), (9.99, 9)):
        _, cell, share = spread(torch.full((1, 3), place), widths, last=9)
        assert (cell == voxel).all()
        assert share.sum().item() == pytest.approx(1.0, abs=1e-6)


def test_no_charge_is_lost_at_the_edges_of_the_volume(throws_of):
    corner = torch.tensor([349.999, 149.999, 249.999])
    pos = torch.stack([corner, -corner, torch.tensor([-0.001, 149.999, -249.999])])
    ones = torch.ones(3)
    deposits = Deposits(torch.tensor([0, 3]), pos, ones, 0.4 * ones, 0 * ones)
    cells, charge = arriving_charge(deposits, throws_of(lifetime=1e9))
    escaped = modified_box(torch.tensor([2.5]), torch.tensor([0.5])).item()
    assert charge.sum().item() == pytest.approx(3 * escaped / WORK, rel=1e-5)
    _, place = unpack_cells(cells)
    assert place.min() >= 0
    assert place[:, 1].max() == 789  # 300 cm hold 789.5 pixels
    assert place[:, 2].max() == 1315


@pytest.mark.parametrize("lifetime", [500.0, 2200.0, 5000.0])
def test_charge_against_lifetime_is_the_attenuation_integral(throws_of, lifetime):
    # Deposits evenly over the drift: the mean of exp(-t/tau) up to T is tau/T (1 - exp(-T/tau)).
    count = 20000
    pos = torch.zeros(count, 3)
    pos[:, 0] = -350.0 + torch.linspace(0.001, 49.999, count)
    ones = torch.ones(count)
    deposits = Deposits(torch.tensor([0, count]), pos, 0.5 * ones, 0.25 * ones, 0 * ones)
    _, charge = arriving_charge(deposits, throws_of(lifetime=lifetime))
    longest = 50.0 / drift_velocity(torch.tensor(0.5)).item()
    escaped = modified_box(torch.tensor([2.0]), torch.tensor([0.5])).item()
    mean = lifetime / longest * (1 - np.exp(-longest / lifetime))
    made = charge.double().sum().item() / (count * 0.5 / WORK * escaped)
    assert made == pytest.approx(mean, rel=1e-4)


def test_hits_lie_where_the_deposits_were(deposits, throws_of):
    store = LARTPC.respond(deposits, throws_of(len(deposits)), generator(0))
    batch = store.batch(torch.arange(len(store)))
    prompt = deposits.time < 50
    for event in range(0, len(deposits), 5):
        own = (deposits.event == event) & prompt
        if not own.any():
            continue
        hits = batch.pos[batch.batch == event]
        near = torch.cdist(hits, deposits.pos[own]).min(1).values
        # Half the diagonal of a voxel, and diffusion; of the rest are late decay products.
        assert (near < 0.7).float().mean() > 0.8
        assert near.median() < 0.3


@pytest.mark.parametrize("x", [-349.0, -301.0, -299.0, -251.0, -249.0, 0.5, 349.0])
def test_positions_come_back(x):
    volume, way = drift_of(torch.tensor([x]))
    slices = torch.floor(way / PITCH).long()
    back = position_of(volume, slices, torch.tensor([394]), torch.tensor([657]))
    assert back[0, 0].item() == pytest.approx(x, abs=PITCH / 2 + 1e-3)
    assert abs(back[0, 1].item()) < PITCH


def test_a_stronger_field_keeps_more_charge_and_brings_hits_nearer(make_line, throws_of):
    deposits = make_line(40.0)
    stores = [
        LARTPC.respond(deposits, throws_of(field=field), generator(0)) for field in (0.45, 0.55)
    ]
    charge = [float(store.hits["x"].sum()) for store in stores]
    assert charge[1] > 1.01 * charge[0]
    way = [store.hits["pos"][:, 0].mean().item() + 350 for store in stores]
    nominal = drift_velocity(torch.tensor(0.5)).item()
    for made, field in zip(way, (0.45, 0.55), strict=True):
        expected = 40.0 * nominal / drift_velocity(torch.tensor(field)).item()
        assert made == pytest.approx(expected, abs=0.1)


def test_diffusion_spreads_charge(make_line, throws_of):
    # A line of deposits through the middle of a row of voxels.
    deposits = make_line(40.0)
    hits = [
        LARTPC.respond(
            deposits, throws_of(transverse_diffusion=value, threshold=1000.0), generator(0)
        ).num_hits
        for value in (0.0, 4e-6, 14e-6)
    ]
    assert hits[0] <= hits[1] < hits[2]


def test_longitudinal_diffusion_spreads_along_the_drift_alone(make_line, throws_of):
    deposits = make_line(49.0)
    widths = []
    for value in (1e-6, 7e-6):
        throws = throws_of(longitudinal_diffusion=value, transverse_diffusion=0.0)
        cells, charge = arriving_charge(deposits, throws)
        _, place = unpack_cells(cells)
        parts = charge / charge.sum()
        widths.append(
            [
                float((parts * (axis - (parts * axis).sum()) ** 2).sum())
                for axis in (place[:, 0] & 1023, place[:, 1])
            ]
        )
    # 49 cm are 128.95 voxels: the border at 129 is 0.05 voxels away, 300 us of drift spread the
    # cloud by sqrt(2 x 7e-6 x 300) = 0.065 cm = 0.17 voxels, and 0.62 stay on the near side.
    far = NormalDist(128.947, 0.1706).cdf(129.0)
    assert widths[1][0] == pytest.approx(far * (1 - far), rel=0.02)
    assert widths[1][0] > widths[0][0]
    assert widths[1][1] == pytest.approx(widths[0][1], abs=1e-4)


def test_noise_threshold_gain_and_dead_pixels(make_line, throws_of):
    deposits = make_line(25.0, energy=0.12)
    plain = LARTPC.respond(deposits, throws_of(), generator(0))
    louder = LARTPC.respond(deposits, throws_of(noise=3000.0), generator(0))
    assert louder.hits["x"].std() > 1.2 * plain.hits["x"].std()
    assert plain.hits["x"].min() >= 5.0
    higher = LARTPC.respond(deposits, throws_of(threshold=10000.0), generator(0))
    assert higher.hits["x"].min() >= 10.0
    assert higher.num_hits < plain.num_hits
    assert total(deposits, throws_of(gain=1.1)) == pytest.approx(
        1.1 * total(deposits, throws_of()), rel=0.02
    )
    places = [
        {tuple(row) for row in store.hits["pos"].tolist()}
        for store in (
            LARTPC.respond(deposits, throws_of(dead_fraction=value), generator(0))
            for value in (0.0, 0.05, 0.1)
        )
    ]
    assert places[2] < places[1] < places[0]  # the dead ones stay dead
    assert len(places[2]) / len(places[0]) == pytest.approx(0.9, abs=0.03)


def test_which_pixels_are_dead_depends_on_the_detector_of_the_event(make_line, throws_of):
    deposits = make_line(25.0)
    one, two = throws_of(dead_fraction=0.3), throws_of(dead_fraction=0.3)
    two.channels[:] = 7
    first, second = (LARTPC.respond(deposits, throws, generator(0)) for throws in (one, two))
    assert not torch.equal(first.hits["pos"], second.hits["pos"])


def test_each_event_has_its_own_throw(make_line, throws_of):
    both = Deposits.concat([make_line(25.0, energy=0.12)] * 2)
    throws = throws_of(2, lifetime=[500.0, 5000.0], threshold=[9000.0, 3000.0])
    store = LARTPC.respond(both, throws, generator(0))
    one, two = store.batch(torch.tensor([0])).x, store.batch(torch.tensor([1])).x
    assert one.min() >= 9.0
    assert two.min() < 9.0
    assert one.sum() < two.sum()
    _, charge = arriving_charge(both, throws)
    _, own = arriving_charge(make_line(25.0, energy=0.12), throws_of(lifetime=5000.0))
    assert torch.equal(charge[len(charge) - len(own) :], own)


def test_events_of_a_batch_are_those_that_come_alone(deposits):
    throws = LARTPC.draw(len(deposits), generator(5))
    cells, charge = arriving_charge(deposits, throws)
    event, place = unpack_cells(cells)
    for number in range(len(deposits)):
        chosen = torch.tensor([number])
        own = Throws(
            {name: value[chosen] for name, value in throws.values.items()}, throws.channels[chosen]
        )
        alone, its_charge = arriving_charge(deposits.select(chosen), own)
        rows = event == number
        assert torch.equal(unpack_cells(alone)[1], place[rows])
        assert torch.allclose(its_charge, charge[rows], rtol=1e-5)


def test_late_charge_is_read_out_further_away_and_lost_after_the_window(make_line, throws_of):
    late = LARTPC.respond(make_line(25.0, late=50_000.0), throws_of(), generator(0))
    shift = 50.0 * drift_velocity(torch.tensor(0.5)).item()
    assert late.hits["pos"][:, 0].mean().item() + 350 == pytest.approx(25.0 + shift, abs=0.3)
    never = LARTPC.respond(make_line(25.0, late=1e6), throws_of(), generator(0))
    assert never.num_hits == 0


def test_events_that_leave_nothing(make_line, throws_of):
    empty = Deposits(
        torch.tensor([0, 0, 1]),
        torch.tensor([[0.0, 0.0, 900.0]]),
        torch.ones(1),
        torch.ones(1),
        torch.zeros(1),
    )
    store = LARTPC.respond(empty, throws_of(2), generator(0))
    assert store.hits_per_event().tolist() == [0, 0]
    assert store.hits["pos"].shape == (0, 3)
    assert store.hits["x"].shape == (0, 1)


def test_a_point_and_a_short_piece_keep_a_finite_charge(make_line, throws_of):
    _, charge = arriving_charge(make_line(10.0, length=0.0), throws_of())
    assert charge.isfinite().all()
    assert (charge > 0).all()


def test_the_generator_alone_decides(deposits, throws_of):
    one, two, three = (
        LARTPC.respond(deposits, throws_of(len(deposits)), generator(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(one.hits["x"], two.hits["x"])
    assert one.hits["x"].shape != three.hits["x"].shape or not torch.equal(
        one.hits["x"], three.hits["x"]
    )
    assert one.feature_names == LARTPC.schema.feature_names
    assert one.position_unit == LARTPC.schema.positions.unit
    assert torch.equal(one.events["event"], deposits.truth["event"])
