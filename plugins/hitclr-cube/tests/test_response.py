import numpy as np
import pytest
import torch
from hitclr_cube import CUBE
from hitclr_cube.geometry import CUBES, fibre_transmission, numbered
from hitclr_cube.light import visible_energy
from hitclr_cube.response import expected_light

from hitclr.detectors import Throws, channel_uniform
from hitclr.events import batch_from_ptr
from hitclr.rng import generator

MIDDLE = [0.5, 0.5, 0.5]


def hits_of(store):
    """The hits of a store as a set of (event, x, y, z)."""
    event = batch_from_ptr(store.ptr)
    return {(int(e), *p) for e, p in zip(event, store.hits["pos"].tolist(), strict=True)}


def charge_of(store):
    return float(store.hits["x"].double().sum())


def test_what_comes_out(shower, events):
    assert len(events) == len(shower) == 40
    assert events.num_hits > 1000
    assert events.hits["pos"].shape == (events.num_hits, 3)
    assert events.hits["pos"].dtype == events.hits["x"].dtype == torch.float32
    assert events.hits["x"].shape == (events.num_hits, 1)
    assert events.hits["hit_crosstalk"].dtype == torch.int64
    assert set(events.hits["hit_crosstalk"].unique().tolist()) == {0, 1}
    assert events.feature_names == tuple(f.name for f in CUBE.schema.features)
    assert events.feature_units == ("pe",)
    assert events.position_unit == CUBE.schema.positions.unit == "cm"
    assert events.events.keys() == shower.truth.keys()
    assert torch.equal(events.events["event"], shower.truth["event"])
    # Cube centres, inside, each once an event; charges are whole photo-electrons.
    assert torch.equal(events.hits["pos"] - 0.5, (events.hits["pos"] - 0.5).round())
    assert float(events.hits["pos"].abs().max()) <= 95.5
    assert len(hits_of(events)) == events.num_hits
    assert torch.equal(events.hits["x"], events.hits["x"].round())
    assert float(events.hits["x"].min()) >= 3


def test_light_is_conserved_under_crosstalk(deposits_of, throws_of):
    # In the middle of the volume nothing is lost: each fibre's transmission undone, the sum is
    # yield x visible energy, whatever the crosstalk.
    source = generator(3)
    pos = 6 * torch.rand(200, 3, generator=source)
    deposits = deposits_of([120, 80], pos, 1.5, 0.3)
    visible = visible_energy(deposits.energy, deposits.length).double().sum()
    for crosstalk in (0.0, 0.03, 0.1, 1 / 6):
        event, number, mean = expected_light(deposits, throws_of(2, crosstalk=crosstalk))
        light = (mean / fibre_transmission(numbered(number))[:, None]).double()
        assert float(light.sum()) == pytest.approx(40 * float(visible), rel=1e-5)
        leaked = float(light[:, 1].sum() / light.sum())
        assert leaked == pytest.approx(6 * crosstalk, abs=1e-6)
        assert torch.equal(event, event.sort().values)


def test_one_cube_and_its_six_neighbours(deposits_of, throws_of):
    deposits = deposits_of([1], MIDDLE, 2.0, 1.0)
    event, number, mean = expected_light(deposits, throws_of(1, crosstalk=0.04, light_yield=50.0))
    light = 50 * 2 / (1 + 0.0126 * 2)
    assert event.tolist() == [0] * 7
    offset = (numbered(number) - 96).tolist()
    assert sorted(map(sum, offset)) == [-1, -1, -1, 0, 1, 1, 1]
    transmission = fibre_transmission(numbered(number)).tolist()
    for place, (direct, leaked), part in zip(offset, mean.tolist(), transmission, strict=True):
        own = place == [0, 0, 0]
        assert sum(map(abs, place)) == (0 if own else 1)
        assert direct == pytest.approx(light * (1 - 6 * 0.04) * part if own else 0, rel=1e-5)
        assert leaked == pytest.approx(0 if own else light * 0.04 * part, rel=1e-5)


def test_a_corner_loses_half_of_what_leaks(deposits_of, throws_of):
    deposits = deposits_of([1], [-95.5, -95.5, -95.5], 2.0, 1.0)
    _, number, mean = expected_light(deposits, throws_of(1, crosstalk=0.05))
    assert len(number) == 4
    light = 40 * 2 / (1 + 0.0126 * 2)
    leaked = (mean[:, 1] / fibre_transmission(numbered(number))).sum()
    assert float(leaked) == pytest.approx(3 * 0.05 * light, rel=1e-5)


def test_a_minimum_ionising_particle_gives_about_70(deposits_of, throws_of):
    # 1.94 MeV cm2/g (PDG, polystyrene) x 1.06 g/cm3 in each of eleven cubes in a row.
    pos = [[x + 0.5, 0.5, 0.5] for x in range(-5, 6)]
    store = CUBE.respond(
        deposits_of([11] * 300, pos * 300, 1.94 * 1.06, 1.0), throws_of(300), generator(1)
    )
    inner = (store.hits["pos"] == torch.tensor(MIDDLE)).all(1)
    assert float(store.hits["x"][inner].mean()) == pytest.approx(70.5, abs=4 * (70.5 / 300) ** 0.5)


def test_counts_are_poisson(deposits_of, throws_of):
    store = CUBE.respond(
        deposits_of([1] * 4000, [MIDDLE] * 4000, 0.5, 0.25),
        throws_of(4000, crosstalk=0.0),
        generator(2),
    )
    charge = store.hits["x"].double()
    mean = 40 * 0.5 / (1 + 0.0126 * 2)
    assert float(charge.mean()) == pytest.approx(mean, abs=4 * (mean / 4000) ** 0.5)
    # The variance of a variance is about 2 variance^2 / n.
    assert float(charge.var()) == pytest.approx(mean, rel=4 * (2 / 4000) ** 0.5)


def test_tags_by_expectation(deposits_of, throws_of):
    # One bright cube in each of many events: the six beside it have only leaked light, and a
    # hit of them needs 3 photo-electrons or more.
    number = 2000
    store = CUBE.respond(
        deposits_of([1] * number, [MIDDLE] * number, 2.0, 1.0),
        throws_of(number, crosstalk=0.05, kept_crosstalk=1.0),
        generator(5),
    )
    beside = (store.hits["pos"] != torch.tensor(MIDDLE)).any(1)
    assert torch.equal(store.hits["hit_crosstalk"], beside.long())
    _, cube, mean = expected_light(deposits_of([1], MIDDLE, 2.0, 1.0), throws_of(1, crosstalk=0.05))
    rate = mean[mean[:, 0] == 0, 1].double()
    chance = 1 - torch.exp(-rate) * (1 + rate + rate**2 / 2)
    expected, variance = chance.sum() * number, (chance * (1 - chance)).sum() * number
    assert abs(int(beside.sum()) - float(expected)) < 4 * float(variance) ** 0.5
    assert cube.numel() == 7


def test_without_crosstalk_nothing_is_tagged(shower, throws_of):
    store = CUBE.respond(shower, throws_of(40, crosstalk=0.0, kept_crosstalk=1.0), generator(1))
    assert store.num_hits > 1000
    assert int(store.hits["hit_crosstalk"].sum()) == 0


def test_kept_crosstalk(shower, throws_of):
    stores = {
        kept: CUBE.respond(shower, throws_of(40, kept_crosstalk=kept), generator(1))
        for kept in (0.0, 0.5, 1.0)
    }
    tagged = {kept: int(store.hits["hit_crosstalk"].sum()) for kept, store in stores.items()}
    direct = {kept: store.num_hits - tagged[kept] for kept, store in stores.items()}
    assert tagged[0.0] == 0
    assert tagged[1.0] > 500
    assert tagged[0.5] == pytest.approx(tagged[1.0] / 2, abs=4 * (tagged[1.0] / 4) ** 0.5)
    assert direct[0.0] == direct[0.5] == direct[1.0]
    assert hits_of(stores[0.0]) < hits_of(stores[0.5]) < hits_of(stores[1.0])


@pytest.mark.parametrize(
    ("name", "low", "high", "more_hits", "more_charge"),
    [
        ("crosstalk", 0.02, 0.05, 1, -1),  # half of the crosstalk hits are thrown away
        ("kept_crosstalk", 0.25, 0.75, 1, 1),
        ("light_yield", 36.0, 44.0, 1, 1),
        ("threshold", 1.5, 4.5, -1, -1),
        ("dead_fraction", 0.0, 0.1, -1, -1),
    ],
)
def test_each_parameter_moves_hits_and_charge(
    shower, throws_of, name, low, high, more_hits, more_charge
):
    one, two = (
        CUBE.respond(shower, throws_of(40, **{name: value}), generator(1)) for value in (low, high)
    )
    assert np.sign(two.num_hits - one.num_hits) == more_hits
    assert np.sign(charge_of(two) - charge_of(one)) == more_charge


def test_the_light_yield_is_a_factor(shower, throws_of):
    one, two = (
        CUBE.respond(shower, throws_of(40, light_yield=value, threshold=0.0), generator(1))
        for value in (40.0, 80.0)
    )
    assert charge_of(two) / charge_of(one) == pytest.approx(2.0, rel=0.02)


def test_threshold_is_on_the_charge(shower, throws_of):
    for threshold, smallest in ((0.0, 1), (2.5, 3), (3.0, 3), (4.5, 5)):
        store = CUBE.respond(shower, throws_of(40, threshold=threshold), generator(1))
        assert float(store.hits["x"].min()) == smallest


def test_throws_act_per_event(deposits_of, throws_of):
    # One and the same event, five times, with a setting of its own each.
    pos = [[x + 0.5, 0.5, 0.5] for x in range(40)]
    deposits = deposits_of([40] * 5, pos * 5, 2.0, 1.0)
    throws = throws_of(
        5,
        light_yield=[40.0, 0.0, 40.0, 40.0, 40.0],
        threshold=[2.5, 2.5, 1e6, 2.5, 2.5],
        dead_fraction=[0.0, 0.0, 0.0, 1.0, 0.0],
        kept_crosstalk=[0.0, 0.0, 0.0, 0.0, 1.0],
        crosstalk=[0.0, 0.0, 0.0, 0.0, 0.05],
    )
    store = CUBE.respond(deposits, throws, generator(1))
    counts = store.hits_per_event().tolist()
    assert counts[:4] == [40, 0, 0, 0]
    assert counts[4] > 80
    tagged = store.hits["hit_crosstalk"]
    assert int(tagged[: counts[0]].sum()) == 0
    assert int(tagged.sum()) == int(tagged[counts[0] :].sum()) > 40


def test_dead_cubes_are_nested_and_the_same_in_every_event(shower, throws_of):
    # Kept: all, so that no random choice comes after.
    stores = [
        CUBE.respond(shower, throws_of(40, dead_fraction=f, kept_crosstalk=1.0), generator(1))
        for f in (0.0, 0.05, 0.2)
    ]
    all_hits, some, fewer = map(hits_of, stores)
    assert fewer < some < all_hits
    assert len(fewer) / len(all_hits) == pytest.approx(0.8, abs=0.03)
    # Each store gives the cubes that are alive; a cube that is dead in one event is in all.
    alive, dead = {h[1:] for h in some}, {h[1:] for h in all_hits - some}
    assert not alive & dead
    pos = torch.tensor(sorted(dead))
    number = ((pos + 95.5).long() * torch.tensor([192 * 192, 192, 1])).sum(1)
    assert bool((channel_uniform(number, torch.zeros_like(number)) < 0.05).all())
    assert int(number.max()) < CUBES


def test_other_channels_are_other_dead_cubes(shower, throws_of):
    throws = throws_of(40, dead_fraction=0.5, kept_crosstalk=1.0)
    other = Throws(throws.values, throws.channels + 1)
    one, two = (CUBE.respond(shower, each, generator(1)) for each in (throws, other))
    both = len(hits_of(one) & hits_of(two)) / one.num_hits
    assert both == pytest.approx(0.5, abs=0.05)


def test_nothing_and_outside(deposits_of, throws_of):
    pos = [[500.0, 0, 0], [0, -96.5, 0], MIDDLE, [0, 0, 1e8]]
    deposits = deposits_of([0, 2, 1, 1, 0], pos, 20.0, 1.0)
    store = CUBE.respond(deposits, throws_of(5, crosstalk=0.0), generator(1))
    assert store.hits_per_event().tolist() == [0, 0, 1, 0, 0]
    assert store.hits["pos"].tolist() == [MIDDLE]
    empty = CUBE.respond(deposits_of([0, 0], [], [], []), throws_of(2), generator(1))
    assert empty.hits_per_event().tolist() == [0, 0]
    assert empty.hits["x"].shape == (0, 1)
    assert empty.hits["pos"].shape == (0, 3)
    none = CUBE.respond(deposits_of([], [], [], []), throws_of(0), generator(1))
    assert len(none) == 0


def test_the_generator_decides(shower, throws_of):
    throws = throws_of(40)
    torch.manual_seed(1)
    one = CUBE.respond(shower, throws, generator(1))
    torch.manual_seed(2)
    two, other = (CUBE.respond(shower, throws, generator(seed)) for seed in (1, 2))
    assert torch.equal(one.ptr, two.ptr)
    for name in one.hits:
        assert torch.equal(one.hits[name], two.hits[name])
    assert not torch.equal(one.ptr, other.ptr)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_on_a_gpu(shower, throws_of):
    throws = throws_of(40)
    store = CUBE.respond(shower.to("cuda"), throws.to("cuda"), generator(1, device="cuda"))
    assert {t.device.type for t in (*store.hits.values(), store.ptr)} == {"cuda"}
    _, _, here = expected_light(shower, throws)
    _, _, there = expected_light(shower.to("cuda"), throws.to("cuda"))
    assert torch.allclose(here, there.cpu(), rtol=1e-4, atol=1e-5)
