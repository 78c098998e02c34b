"""Batches from flat columns against PyG's own, made from lists of events."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.data import Batch, Data

from hitclr.errors import SchemaError
from hitclr.events import (
    concat_batches,
    cut_events,
    event_fields,
    feature_index,
    feature_names,
    hit_fields,
    make_batch,
    ptr_from_counts,
    regroup_events,
    replace_hits,
    select_events,
    with_edges,
)

FEW = settings(max_examples=25, deadline=None)
NAMES = ("charge", "time")
COUNTS = st.lists(st.integers(0, 4), min_size=1, max_size=6)


def _events(counts, seed=0):
    """The same events as a list of Data, and as flat columns."""
    source = torch.Generator().manual_seed(seed)
    listed = [
        Data(
            pos=torch.rand(count, 3, generator=source),
            x=torch.rand(count, 2, generator=source),
            hit_module=torch.randint(9, (count,), generator=source),
            y=torch.randint(3, (1,), generator=source),
            event_id=torch.tensor([[0, number]]),
            energy=torch.rand(1, generator=source),
            feature_names=NAMES,
        )
        for number, count in enumerate(counts)
    ]
    hits = {name: torch.cat([d[name] for d in listed]) for name in ("pos", "x", "hit_module")}
    events = {name: torch.cat([d[name] for d in listed]) for name in ("y", "event_id", "energy")}
    return listed, make_batch(hits, events, ptr_from_counts(torch.tensor(counts)), NAMES)


def _assert_same(one, two):
    keys = set(one.keys())
    assert keys == set(two.keys())
    for key in keys - {"feature_names"}:
        assert one[key].dtype == two[key].dtype, key
        assert torch.equal(one[key], two[key]), key
    assert feature_names(one) == feature_names(two)


@FEW
@given(COUNTS)
def test_equals_what_pyg_makes_of_a_list(counts):
    listed, batch = _events(counts)
    theirs = Batch.from_data_list(listed)
    _assert_same(batch, theirs)
    assert batch.num_graphs == theirs.num_graphs
    assert batch.num_nodes == theirs.num_nodes
    for name, slices in batch._slice_dict.items():
        assert torch.equal(slices, theirs._slice_dict[name]), name


@FEW
@given(COUNTS)
def test_comes_apart_into_its_events_and_together_again(counts):
    listed, batch = _events(counts)
    parts = batch.to_data_list()
    assert len(parts) == len(listed)
    for part, event in zip(parts, listed, strict=True):
        assert set(part.keys()) == set(event.keys())
        assert part.feature_names == NAMES
        for name in ("pos", "x", "hit_module", "y", "event_id", "energy"):
            assert torch.equal(part[name], event[name]), name
    _assert_same(Batch.from_data_list(parts), batch)


@FEW
@given(COUNTS, st.data())
def test_select_events_equals_a_list_of_them(counts, data):
    listed, batch = _events(counts)
    chosen = data.draw(st.lists(st.integers(0, len(counts) - 1), min_size=1, max_size=8))
    got = select_events(batch, torch.tensor(chosen))
    _assert_same(got, Batch.from_data_list([listed[event] for event in chosen]))
    assert [len(part.pos) for part in got.to_data_list()] == [counts[event] for event in chosen]


def test_selecting_no_event_keeps_the_columns():
    _, batch = _events([2, 3])
    none = select_events(batch, torch.zeros(0, dtype=torch.int64))
    assert none.num_graphs == 0
    assert none.pos.shape == (0, 3)
    assert none.event_id.shape == (0, 2)
    assert feature_names(none) == NAMES
    assert none.to_data_list() == []


@FEW
@given(COUNTS, COUNTS)
def test_concat_equals_a_longer_list(first, second):
    one, two = _events(first, seed=1), _events(second, seed=2)
    got = concat_batches(one[1], two[1])
    _assert_same(got, Batch.from_data_list([*one[0], *two[0]]))


def test_concat_refuses_other_columns_and_other_features_and_nothing():
    with pytest.raises(ValueError, match="at least one batch"):
        concat_batches()
    _, batch = _events([2, 3])
    more = replace_hits(batch, {"hit_more": torch.zeros(5)})
    with pytest.raises(ValueError, match="hit_more"):
        concat_batches(batch, more)
    renamed = make_batch(hit_fields(batch), event_fields(batch), batch.ptr, ("charge", "tot"))
    with pytest.raises(ValueError, match="tot"):
        concat_batches(batch, renamed)


@FEW
@given(st.lists(COUNTS, min_size=1, max_size=3), st.data())
def test_regroup_equals_lists_of_the_chosen_events(groups, data):
    made = [_events(counts, seed) for seed, counts in enumerate(groups)]
    listed = [event for events, _ in made for event in events]
    chosen = data.draw(st.lists(st.integers(0, len(listed) - 1), max_size=8))
    cut = data.draw(st.integers(0, len(chosen)))
    sizes = [cut, 0, len(chosen) - cut]
    order = torch.tensor(chosen, dtype=torch.int64)
    got = regroup_events([batch for _, batch in made], order, sizes)
    assert [batch.num_graphs for batch in got] == sizes
    for batch, own in zip(got, (chosen[:cut], [], chosen[cut:]), strict=True):
        if own:
            theirs = Batch.from_data_list([listed[event] for event in own])
            _assert_same(batch, theirs)
            assert torch.equal(batch._slice_dict["pos"], theirs._slice_dict["pos"])
        assert [len(part.pos) for part in batch.to_data_list()] == [
            len(listed[event].pos) for event in own
        ]


def test_regroup_and_cut_refuse_sizes_that_do_not_add_up():
    _, batch = _events([2, 3])
    with pytest.raises(ValueError, match=r"add up to 1 events, got \[1, 1\]"):
        regroup_events([batch], torch.tensor([1]), [1, 1])
    with pytest.raises(ValueError, match=r"add up to 2 events, got \[1\]"):
        cut_events(batch, [1])


@pytest.mark.parametrize("join", [concat_batches, lambda *b: regroup_events(b, b[0].y, [2])])
@pytest.mark.parametrize("name", ["energy", "hit_module"])
def test_joining_refuses_a_column_of_a_wrong_length(join, name):
    _, batch = _events([2, 3])
    _, longer = _events([2, 3])
    longer[name] = torch.zeros(9)
    with pytest.raises(ValueError, match=f"rows, got '{name}' with"):
        join(batch, longer)


def test_columns_have_their_level_when_there_are_as_many_hits_as_events():
    listed, batch = _events([1, 1, 1])
    assert set(hit_fields(batch)) == {"pos", "x", "hit_module"}
    assert set(event_fields(batch)) == {"y", "event_id", "energy"}
    two = select_events(batch, torch.tensor([2, 0]))
    _assert_same(two, Batch.from_data_list([listed[2], listed[0]]))


@FEW
@given(COUNTS, st.data())
def test_edges_are_split_and_joined_with_their_events(counts, data):
    listed, batch = _events(counts)
    edges, inside = [], []
    for event, count in enumerate(counts):
        pairs = st.tuples(st.integers(0, max(count - 1, 0)), st.integers(0, max(count - 1, 0)))
        chosen = data.draw(st.lists(pairs, max_size=5)) if count else []
        inside.append(sorted(chosen, key=lambda pair: pair[1]))
        offset = int(batch.ptr[event])
        edges += [(source + offset, target + offset) for source, target in chosen]
    shuffled = data.draw(st.permutations(edges))
    given_edges = torch.tensor(shuffled, dtype=torch.int64).reshape(-1, 2).t()
    made = with_edges(batch, given_edges)
    assert "edge_index" not in batch
    assert bool((made.edge_index[1].diff() >= 0).all())
    for part, event, expected in zip(made.to_data_list(), listed, inside, strict=True):
        assert sorted(part.edge_index.t().tolist()) == sorted(map(list, expected))
        assert torch.equal(part.pos, event.pos)
    again = Batch.from_data_list(made.to_data_list())
    assert torch.equal(again.edge_index, made.edge_index)


def test_edges_and_what_lies_on_them_stay_behind_when_hits_are_replaced():
    _, batch = _events([2, 1])
    made = with_edges(batch, torch.tensor([[0, 1], [1, 0]]))
    made.edge_attr = torch.zeros(2, 1)  # as many edges as events
    assert set(event_fields(made)) == {"y", "event_id", "energy"}
    moved = replace_hits(made, {"pos": made.pos + 1})
    assert "edge_index" not in moved
    assert "edge_attr" not in moved
    assert torch.equal(moved.pos, batch.pos + 1)
    assert "edge_index" in made


def test_a_tensor_of_no_level_is_refused_by_name():
    _, batch = _events([2, 1])
    batch.colour = torch.zeros(3)
    for use in (event_fields, lambda batch: replace_hits(batch, {"pos": batch.pos})):
        with pytest.raises(SchemaError, match=r"'colour'.*2 events.*hit_"):
            use(batch)


def test_hits_are_replaced_after_columns_came_and_went():
    _, batch = _events([2, 1])
    del batch.energy
    batch.weight = torch.ones(2)
    got = replace_hits(batch, {"hit_more": torch.zeros(3), "pos": batch.pos + 1})
    assert set(event_fields(got)) == {"y", "event_id", "weight"}
    assert set(hit_fields(got)) == {"pos", "x", "hit_module", "hit_more"}
    assert torch.equal(got.pos, batch.pos + 1)
    assert [part.weight.tolist() for part in got.to_data_list()] == [[1.0], [1.0]]


@pytest.mark.parametrize(
    ("hits", "events"),
    [
        ({"pos": torch.zeros(4, 3)}, {}),
        ({"pos": torch.zeros(5, 3)}, {"y": torch.zeros(3)}),
        ({"pos": torch.zeros(5, 3), "y": torch.zeros(5)}, {}),
        ({"pos": torch.zeros(5, 3)}, {"hit_module": torch.zeros(2)}),
    ],
)
def test_columns_of_a_wrong_length_or_level_are_refused(hits, events):
    with pytest.raises(ValueError, match="rows, got"):
        make_batch(hits, events, torch.tensor([0, 2, 5]), ())


def test_feature_index_names_what_there_is():
    _, batch = _events([2, 1])
    assert feature_index(batch, "time") == 1
    with pytest.raises(SchemaError, match=r"'tme'.*\['charge', 'time'\].*Did you mean time"):
        feature_index(batch, "tme")


def test_feature_names_of_a_batch_that_pyg_joined_of_lists_and_of_one_without():
    listed, _ = _events([2, 1])
    assert feature_names(Batch.from_data_list(listed)) == NAMES
    for event in listed:
        del event.feature_names
    assert feature_names(Batch.from_data_list(listed)) == ()


def test_feature_names_survive_copies():
    _, batch = _events([2, 1])
    unpickled = pickle.loads(pickle.dumps(batch))  # noqa: S301 - what data workers do
    for other in (batch.clone(), copy.copy(batch), batch.to("cpu"), unpickled):
        assert feature_names(other) == NAMES
        assert other.to_data_list()[1].feature_names == NAMES


def test_feature_names_are_no_sequence():
    _, batch = _events([2, 1])
    with pytest.raises(TypeError, match="not iterable"):
        list(batch.feature_names)
    assert repr(batch.feature_names) == "[charge, time]"
