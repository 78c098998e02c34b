"""Edges against brute force, one event at a time."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hitclr.errors import HitclrError, SchemaError, SettingsError
from hitclr.events import make_batch, ptr_from_counts, with_edges
from hitclr.graphs import KNN, EdgeBuilder, Radius, neighbours


def batch_of(counts, pos, x=None, **events):
    ptr = ptr_from_counts(torch.tensor(counts, dtype=torch.int64))
    x = torch.zeros(len(pos), 1) if x is None else x
    return make_batch({"pos": pos, "x": x}, events, ptr, ["t"])


def random_batch(counts, seed, *, lattice):
    generator = torch.Generator().manual_seed(seed)
    pos = 3 * torch.randn(sum(counts), 3, generator=generator)
    x = 5 * torch.rand(sum(counts), 1, generator=generator)
    if lattice:
        pos, x = (0.5 * pos).round(), x.round()
    return batch_of(counts, pos, x)


def brute_force(batch, scale, limit, radius=math.inf):
    """For each hit the sorted distances to the hits that should be its neighbours."""
    points = torch.cat([batch.pos, scale * batch.x], 1).double() if scale else batch.pos.double()
    wanted = []
    for start, stop in zip(batch.ptr[:-1].tolist(), batch.ptr[1:].tolist(), strict=True):
        own = points[start:stop]
        for hit in range(stop - start):
            apart = (own - own[hit]).square().sum(1).sqrt()
            others = torch.cat([apart[:hit], apart[hit + 1 :]]).sort().values
            wanted.append(others[others <= radius][:limit])
    return points, wanted


def check(batch, made, scale, limit, radius=math.inf):
    points, wanted = brute_force(batch, scale, limit, radius)
    source, target = made.edge_index
    assert made.edge_index.dtype == torch.int64
    assert not bool((source == target).any())
    assert torch.equal(batch.batch[source], batch.batch[target])
    assert torch.equal(target, target.sort().values)
    assert torch.unique(made.edge_index, dim=1).size(1) == made.edge_index.size(1)
    apart = (points[source] - points[target]).square().sum(1).sqrt()
    for hit, distances in enumerate(wanted):
        torch.testing.assert_close(apart[target == hit].sort().values, distances)


counts = st.lists(st.integers(0, 12), max_size=6)


@settings(max_examples=60, deadline=None)
@given(counts, st.integers(0, 10**6), st.integers(1, 9), st.booleans(), st.sampled_from([0, 0.7]))
def test_knn_is_brute_force(counts, seed, k, lattice, scale):
    batch = random_batch(counts, seed, lattice=lattice)
    check(batch, KNN(k, {"t": scale} if scale else None)(batch), scale, k)


@settings(max_examples=60, deadline=None)
@given(
    counts,
    st.integers(0, 10**6),
    st.sampled_from([0.01, 1.0, 2.0, 3.3, 1e4]),
    st.sampled_from([None, 1, 3, 32]),
    st.booleans(),
    st.sampled_from([0, 0.5]),
)
def test_radius_is_brute_force(counts, seed, radius, limit, lattice, scale):
    batch = random_batch(counts, seed, lattice=lattice)
    metric = {"t": scale} if scale else None
    check(batch, Radius(radius, limit, metric)(batch), scale, limit, radius)


@pytest.mark.parametrize("place", [0.0, 1234.5, 1e30])
@pytest.mark.parametrize("builder", [KNN(4), Radius(1.0, 4), Radius(1.0, None)])
def test_hits_at_one_position(builder, place):
    batch = batch_of([40, 1, 3], torch.full((44, 3), place))
    limit = getattr(builder, "k", getattr(builder, "max_neighbours", None))
    check(batch, builder(batch), 0, limit, getattr(builder, "r", math.inf))


def test_events_at_the_origin_beside_a_lone_hit():
    pos = torch.zeros(21, 3)
    pos[0] = 1e-6
    batch = batch_of([1, 20], pos)
    check(batch, KNN(4)(batch), 0, 4)


def test_far_apart_and_tiny_events_in_one_batch():
    generator = torch.Generator().manual_seed(3)
    pos = torch.randn(30, 3, generator=generator)
    pos[:10] *= 1e6
    pos[10:20] *= 1e-6
    pos[20:] += 1e5
    batch = batch_of([10, 10, 10], pos)
    check(batch, KNN(3)(batch), 0, 3)


@pytest.mark.parametrize("builder", [KNN(16), Radius(2.0, 7), Radius(2.0, None)])
def test_edges_of_an_event_do_not_depend_on_the_batch(builder):
    # A full lattice: nearly all of its neighbours are tied.
    grid = torch.cartesian_prod(*[torch.arange(5.0)] * 3)
    other = random_batch([7, 60], 0, lattice=True)
    pos = torch.cat([other.pos, grid, grid[:50]])
    batch = batch_of([7, 60, 125, 50], pos)
    alone = builder(batch_of([125], grid)).edge_index
    together = builder(batch).to_data_list()[2].edge_index
    assert torch.equal(alone, together)


@pytest.mark.parametrize("seed", range(5))
def test_not_even_with_many_hits_at_one_position(seed):
    generator = torch.Generator().manual_seed(seed)
    pos = torch.randint(0, 3, (150, 3), generator=generator).float()
    other = torch.randn(97, 3, generator=generator).round()
    alone = KNN(8)(batch_of([150], pos)).edge_index
    batch = batch_of([5, 33, 150, 50, 9], torch.cat([other[:38], pos, other[38:]]))
    assert torch.equal(alone, KNN(8)(batch).to_data_list()[2].edge_index)


def test_the_sign_of_zero_does_not_matter():
    grid = torch.cartesian_prod(*[torch.arange(-2.0, 3.0)] * 3)
    negative = torch.where(grid == 0, -0.0, grid)
    first, second = KNN(8)(batch_of([125, 125], torch.cat([grid, negative]))).to_data_list()
    assert torch.equal(first.edge_index, second.edge_index)


def test_a_hit_that_the_tree_hides_among_others_is_no_neighbour_of_itself(monkeypatch):
    monkeypatch.setattr(neighbours, "break_ties", lambda points, events, magnitude: points)
    batch = batch_of([40, 3], torch.ones(43, 3))
    check(batch, KNN(4)(batch), 0, 4)


@pytest.mark.parametrize("builder", [KNN(16), Radius(2.0, 7), Radius(2.0, None)])
def test_edges_follow_the_hits_when_they_are_reordered(builder):
    grid = torch.cartesian_prod(*[torch.arange(5.0)] * 3)
    order = torch.randperm(125, generator=torch.Generator().manual_seed(1))
    plain = builder(batch_of([125], grid)).edge_index
    mixed = order[builder(batch_of([125], grid[order])).edge_index]
    assert set(map(tuple, plain.t().tolist())) == set(map(tuple, mixed.t().tolist()))


def test_no_direction_is_preferred_among_ties():
    grid = torch.cartesian_prod(*[torch.arange(9.0)] * 3)
    source, target = KNN(3)(batch_of([729], grid)).edge_index
    inside = ((grid[target] > 0) & (grid[target] < 8)).all(1)
    offsets = (grid[source] - grid[target])[inside]
    assert len(offsets) == 3 * 7**3
    # Each of the six face neighbours is chosen half of the time: 5 deviations of 1029 choices.
    for axis in range(3):
        for sign in (-1, 1):
            share = (offsets[:, axis] == sign).double().mean() * 3
            assert abs(share - 0.5) < 5 * math.sqrt(0.25 / 7**3)


def test_a_metric_can_outweigh_the_positions():
    pos = torch.tensor([[0.0, 0, 0], [1, 0, 0], [5, 0, 0]])
    x = torch.tensor([[0.0], [100.0], [0.0]])
    batch = batch_of([3], pos, x)
    assert KNN(1)(batch).edge_index[0].tolist() == [1, 0, 1]
    assert KNN(1, {"t": 0.22})(batch).edge_index[0].tolist() == [2, 0, 0]


def test_pyg_takes_the_edges_apart():
    batch = random_batch([3, 1, 0, 6], 2, lattice=False)
    made = KNN(2)(batch)
    events = made.to_data_list()
    assert [event.num_edges for event in events] == [6, 0, 0, 12]
    for number, event in enumerate(events):
        alone = batch.get_example(number)
        assert torch.equal(event.pos, alone.pos)
        if event.num_nodes:
            whole = batch_of([event.num_nodes], event.pos, event.x)
            assert torch.equal(event.edge_index, KNN(2)(whole).edge_index)


def test_with_edges_orders_by_hit_and_leaves_the_batch_alone():
    batch = random_batch([3, 0, 2], 2, lattice=False)
    edges = torch.tensor([[3, 0, 2, 4, 1], [4, 2, 0, 3, 2]])
    made = with_edges(batch, edges)
    assert made.edge_index.tolist() == [[2, 0, 1, 4, 3], [0, 2, 2, 3, 4]]
    assert "edge_index" not in batch
    taken = [event.edge_index.tolist() for event in made.to_data_list()]
    assert taken == [[[2, 0, 1], [0, 2, 2]], [[], []], [[1, 0], [0, 1]]]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_position_that_is_not_finite_is_named(value):
    batch = random_batch([4, 5], 0, lattice=False)
    batch.event_id = torch.tensor([[0, 11], [2, 17]])
    batch.pos[6, 1] = value
    match = r"1 of 9 hits .* hit 2 of event 1 .*\(2, 17\): x, y, z ="
    with pytest.raises(HitclrError, match=match):
        KNN(2)(batch)


def test_a_feature_that_is_not_finite_is_named():
    batch = random_batch([4, 5], 0, lattice=False)
    batch.x[0] = math.nan
    assert KNN(2)(batch).num_edges == 18
    with pytest.raises(HitclrError, match=r"x, y, z, t = .*nan"):
        Radius(1.0, metric={"t": 1.0})(batch)


def test_an_unknown_feature_is_named():
    with pytest.raises(SchemaError, match="'time'"):
        KNN(2, {"time": 0.2})(random_batch([4], 0, lattice=False))


@pytest.mark.parametrize(
    "make",
    [
        lambda: KNN(0),
        lambda: KNN(2.0),
        lambda: KNN(True),
        lambda: KNN(3, {"t": 0.0}),
        lambda: KNN(3, {"t": math.nan}),
        lambda: Radius(0.0),
        lambda: Radius(math.inf),
        lambda: Radius(1.0, 0),
        lambda: Radius(1.0, 3, {"t": -1.0}),
    ],
)
def test_bad_options_are_refused(make):
    with pytest.raises(SettingsError, match="got"):
        make()


def test_builders_are_edge_builders():
    assert isinstance(KNN(), EdgeBuilder)
    assert isinstance(Radius(1.0), EdgeBuilder)


@pytest.mark.parametrize("build", [KNN(3, metric={"t": 0.2}), Radius(2.0), Radius(2.0, None)])
def test_a_single_event_has_the_edges_that_it_has_in_a_batch(build):
    batch = random_batch([7, 1, 12], 3, lattice=False)
    inside = build(batch).to_data_list()
    for event, expected in zip(batch.to_data_list(), inside, strict=True):
        made = build(event)
        assert type(made) is type(event)
        assert torch.equal(made.edge_index, expected.edge_index)
        assert "edge_index" not in event, "what came is not changed"
