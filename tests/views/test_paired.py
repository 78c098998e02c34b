"""Pairs: every view is one of the event's simulations, and nothing else of the event changes."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from hitclr.errors import SettingsError
from hitclr.events import EventStore
from hitclr.rng import generator
from hitclr.views import PairedViews

KEYS = {"a": [3, 9, -4, 7, 1], "b": [9, 3, 1, 50], "c": [7, 3, 9], "d": [3, 9, 60]}


@pytest.fixture
def store():
    """Four samples; the charge of every hit of an event is its row, its time is its key."""
    keys = torch.tensor([key for part in KEYS.values() for key in part])
    domain = torch.repeat_interleave(torch.arange(4), torch.tensor([len(v) for v in KEYS.values()]))
    rows = torch.arange(keys.numel())
    counts = 1 + rows % 3
    owner = torch.repeat_interleave(rows, counts)
    return EventStore(
        hits={
            "pos": torch.randn(owner.numel(), 3, generator=generator(0)),
            "x": torch.stack([owner.float(), keys[owner].float()], 1),
            "hit_row": owner,
        },
        events={
            "y": keys % 2,
            "event_id": torch.stack([domain, rows], 1),
            "domain": domain,
            "key": keys,
            "energy": rows / 7,
        },
        ptr=torch.cat([torch.zeros(1, dtype=torch.int64), counts.cumsum(0)]),
        feature_names=("charge", "time"),
        class_names=("even", "odd"),
        domain_names=tuple(KEYS),
    )


def sources(view):
    """The row of the store that each event's hits come from."""
    return view.hit_row[view.ptr[:-1]]


def draw(source, events, views=2, seed=0):
    batch = source.store.batch(events)
    return source.views(batch, [generator(seed, number) for number in range(views)])


def test_views_are_simulations_of_the_event_and_the_rest_is_the_events_own(store):
    source = PairedViews(store, ["a", "b", "c"])
    events = torch.tensor([11, 0, 1, 4, 3, 2, 8, 0])
    asked = store.batch(events)
    for seed in range(20):
        for view in draw(source, events, seed=seed):
            for name in ("y", "event_id", "domain", "key", "energy"):
                assert torch.equal(view[name], asked[name])
            assert torch.equal(view.x[view.ptr[:-1], 1], asked.key.float())
            # every hit column comes whole from one event
            own = store.batch(sources(view))
            for name in ("pos", "x", "hit_row", "ptr", "batch"):
                assert torch.equal(view[name], own[name])
            assert bool((own.domain != 3).all()), "sample d was not named"
            assert view.feature_names.names == ("charge", "time")


def test_two_views_take_two_simulations_where_there_are_two(store):
    source = PairedViews(store, ["a", "b", "c"])
    events = torch.arange(len(store))
    stay = [2, 8]  # keys -4 and 50 stand once
    unnamed = [12, 13, 14]
    for seed in range(30):
        first, second = (sources(view) for view in draw(source, events, seed=seed))
        same = (first == second).nonzero()[:, 0].tolist()
        assert same == sorted(stay + unnamed)
        assert first[same].tolist() == same, "an event without a partner stays itself"


def test_each_pair_is_equally_likely(store):
    source = PairedViews(store, ["a", "b", "c"])
    many = 6000
    first, second = (sources(view) for view in draw(source, torch.zeros(many, dtype=torch.int64)))
    pairs, counts = torch.unique(torch.stack([first, second], 1), dim=0, return_counts=True)
    assert pairs.tolist() == [[0, 6], [0, 10], [6, 0], [6, 10], [10, 0], [10, 6]]
    assert (counts - many / 6).abs().max() < 5 * (many * 5 / 36) ** 0.5


def test_more_views_than_simulations_begin_anew(store):
    source = PairedViews(store, ["a", "b"])
    rows = [sources(view).tolist() for view in draw(source, torch.tensor([0, 2]), views=4)]
    assert rows[0] == rows[2]
    assert rows[1] == rows[3]
    assert {rows[0][0], rows[1][0]} == {0, 6}
    assert [row[1] for row in rows] == [2] * 4
    assert draw(source, torch.tensor([0]), views=0) == []


def test_views_follow_from_the_generators(store):
    source = PairedViews(store, ["a", "b", "c"])
    events = torch.arange(12)
    again = [[sources(v).tolist() for v in draw(source, events, seed=s)] for s in (1, 1, 2)]
    assert again[0] == again[1] != again[2]


def test_samples_that_cannot_be_paired(store):
    with pytest.raises(SettingsError, match="two or more of the samples a, b, c, d, got a, x"):
        PairedViews(store, ["a", "x"])
    with pytest.raises(SettingsError, match="two or more"):
        PairedViews(store, ["a", "a"])
    alone = store.select(torch.tensor([2, 8]))
    with pytest.raises(SettingsError, match="no key stands there twice"):
        PairedViews(alone, ["a", "b"])
    bare = {name: value for name, value in store.events.items() if name != "key"}
    with pytest.raises(SettingsError, match=r"views\.pair .*key: COLUMN"):
        PairedViews(dataclasses.replace(store, events=bare), ["a", "b"])


def test_one_key_is_one_class(store):
    labels = store.labels.clone()
    labels[6] = 0  # key 3 in sample b
    wrong = dataclasses.replace(store, events={**store.events, "y": labels})
    with pytest.raises(SettingsError, match="the key 3 is") as caught:
        PairedViews(wrong, ["a", "b"])
    for part in ("even (entry 6 of file 1)", "odd (entry 0 of file 0)", "(1 such cases)"):
        assert part in str(caught.value)
    PairedViews(wrong, ["a", "c"])
    labels[6] = -1  # unknown: nothing to contradict
    PairedViews(dataclasses.replace(store, events={**store.events, "y": labels}), ["a", "b"])


def test_numbers_that_begin_anew_in_a_file_are_no_keys(store):
    keys = store.events["key"].clone()
    keys[12] = keys[14] = 60  # in sample d, which is one file
    labels = store.labels.clone()
    labels[12] = 0
    wrong = dataclasses.replace(store, events={**store.events, "key": keys, "y": labels})
    with pytest.raises(SettingsError, match="the key 60 is") as caught:
        PairedViews(wrong, ["a", "b", "d"])
    assert "(entry 12 of file 3) and even (entry 14 of file 3)" in str(caught.value)
    PairedViews(wrong, ["a", "b"])
