"""Re-simulated views: the detector's own hits, for the right events, as often as asked."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from hitclr.errors import SettingsError
from hitclr.events import select_events
from hitclr.rng import generator
from hitclr.views import ResimulatedViews, StoredViews

NUMBERS = [5, 2, 900, 41, 7, 8, 30, 12, 77, 6]
KEYS = [41, 7, 6, 5, 900, 12]


@pytest.fixture(scope="module")
def deposits(make_deposits):
    return make_deposits(NUMBERS)


def nominal(detector, deposits, keys=KEYS):
    """A store of the nominal hits of some events, with charge as its first feature."""
    chosen = deposits.select(torch.tensor([NUMBERS.index(key) for key in keys]))
    made = detector.respond(chosen, detector.draw(len(chosen), generator(0), []), generator(0))
    number = len(chosen)
    return dataclasses.replace(
        made,
        hits={
            "pos": made.hits["pos"],
            "x": made.hits["x"][:, [1, 0]],
            "hit_deposits": made.hits["hit_deposits"],
        },
        events={
            "y": (chosen.truth["pdg"] == 11).long(),
            "event_id": torch.stack([torch.zeros(number).long(), torch.arange(number)], 1),
            "domain": torch.zeros(number, dtype=torch.int64),
            "key": torch.tensor(keys),
            "energy": torch.arange(number) / 3,
        },
        feature_names=("charge", "time"),
        feature_units=("pe", "ns"),
        class_names=("track", "shower"),
        domain_names=("a",),
        files=("a.root",),
    )


@pytest.fixture(scope="module")
def store(cells, deposits):
    return nominal(cells, deposits)


def source(store, deposits, detector, vary=None, probability=1.0, **options):
    return ResimulatedViews(store, {"d.root": deposits}, detector, vary, probability, **options)


def same(one, two):
    names = ("pos", "x", "hit_deposits", "ptr", "batch", "y", "event_id", "domain", "key", "energy")
    assert sorted(one.keys()) == sorted(two.keys())
    return all(torch.equal(one[name], two[name]) for name in names)


def test_with_nothing_varied_the_stored_hits_come_again(store, deposits, cells):
    made = source(store, deposits, cells, [])
    events = torch.tensor([4, 0, 5, 2, 1, 3, 0])
    for view in made.views(store.batch(events), [generator(1), generator(2)]):
        assert same(view, store.batch(events))
        assert view.feature_names.names == ("charge", "time")
    assert same(StoredViews().views(store.batch(events), [generator(1)])[0], store.batch(events))


def test_parameters_are_drawn_per_event_and_view(store, deposits, cells):
    made = source(store, deposits, cells, ["gain"])
    events = torch.arange(6).repeat(50)
    stored = store.batch(events)
    ratios = []
    for view in made.views(store.batch(events), [generator(1), generator(2)]):
        assert torch.equal(view.pos, stored.pos)
        assert torch.equal(view.x[:, 1], stored.x[:, 1])
        ratio = view.x[:, 0] / stored.x[:, 0]
        torch.testing.assert_close(ratio, ratio[view.ptr[:-1]][view.batch])
        ratios.append(ratio[view.ptr[:-1]])
        assert 0.8 <= float(ratio.min()) < 0.83
        assert 1.17 < float(ratio.max()) <= 1.2 + 1e-5
    assert not torch.isclose(ratios[0], ratios[1]).any()
    (narrow,) = source(store, deposits, cells, {"gain": (10.0, 10.5)}).views(
        store.batch(events), [generator(1)]
    )
    ratio = narrow.x[:, 0] / stored.x[:, 0]
    assert 1 <= float(ratio.min()) < float(ratio.max()) < 1.0501


def test_all_parameters_vary_by_default(store, deposits, cells):
    events = torch.arange(6).repeat(40)
    (view,) = source(store, deposits, cells).views(store.batch(events), [generator(1)])
    assert view.pos.size(0) < store.batch(events).pos.size(0), "the threshold takes hits"
    assert view.ptr[-1] == view.pos.size(0) == view.x.size(0) == view.hit_deposits.size(0)


def test_views_follow_from_their_generator(store, deposits, cells):
    made = source(store, deposits, cells)
    events = torch.arange(6)
    first, other = made.views(store.batch(events), [generator(1), generator(2)])
    (again,) = made.views(store.batch(events), [generator(1)])
    assert same(first, again)
    assert not same(first, other)


@pytest.mark.parametrize("probability", [0.0, 0.3])
def test_probability_is_per_event(store, deposits, cells, probability):
    made = source(store, deposits, cells, ["gain"], probability)
    events = torch.arange(6).repeat(300)
    (view,) = made.views(store.batch(events), [generator(3)])
    stored = store.batch(events)
    changed = (view.x[:, 0] != stored.x[:, 0])[view.ptr[:-1]]
    deviation = (1800 * probability * (1 - probability)) ** 0.5
    assert abs(int(changed.sum()) - 1800 * probability) <= 5 * deviation
    still = (~changed).nonzero()[:, 0]
    assert same(select_events(view, still), select_events(stored, still))


def test_an_event_with_too_few_hits_keeps_the_stored_ones(store, deposits, cells):
    events = torch.arange(6)
    blind = {"threshold": (1e6, 1e6)}
    (view,) = source(store, deposits, cells, blind).views(store.batch(events), [generator(1)])
    assert same(view, store.batch(events))
    # In between: some events have fewer than minimum_hits left, others not.
    vary = {"threshold": (11.0, 11.0)}
    chosen = deposits.select(torch.tensor([NUMBERS.index(key) for key in KEYS]))
    made = cells.respond(chosen, cells.draw(6, generator(0), vary), generator(0))
    left = made.hits_per_event()
    assert 0 < int((left < 4).sum()) < 6
    assert bool(((left > 0) & (left < 4)).any()) or bool((left == 4).any())
    (view,) = source(store, deposits, cells, vary).views(store.batch(events), [generator(1)])
    expected = torch.where(left >= 4, left, store.hits_per_event())
    assert view.ptr.diff().tolist() == expected.tolist()
    few = (left < 4).nonzero()[:, 0]
    assert same(select_events(view, few), store.batch(few))
    for event in (left >= 4).nonzero()[:, 0].tolist():
        rows = slice(int(made.ptr[event]), int(made.ptr[event + 1]))
        own = view.batch == event
        assert torch.equal(view.pos[own], made.hits["pos"][rows])
        assert torch.equal(view.x[own], made.hits["x"][rows][:, [1, 0]])


def test_what_a_step_needs_is_asked_for_in_one_go(store, deposits, cells, monkeypatch):
    made = source(store, deposits, cells, [])
    asked = []
    respond = type(cells).respond

    def counting(self, part, throws, random):
        asked.append(part.truth["event"].tolist())
        return respond(self, part, throws, random)

    monkeypatch.setattr(type(cells), "respond", counting)
    made.views(store.batch(torch.tensor([1, 3, 1])), [generator(0), generator(1)])
    assert asked == [[7, 5, 7], [7, 5, 7]]


def test_several_files_and_deposits_of_no_use(store, deposits, cells):
    parts = {"one": torch.tensor([3, 1, 4]), "two": torch.tensor([0, 2, 9, 7, 6])}
    files = {name: deposits.select(rows) for name, rows in parts.items()}
    made = ResimulatedViews(store, files, cells, [])
    assert same(
        made.views(store.batch(torch.arange(6)), [generator(0)])[0], store.batch(torch.arange(6))
    )
    assert len(made.deposits) == 6
    assert list(made.deposits.truth) == ["event"]


def test_only_required_events_need_deposits(cells, deposits, store):
    some = deposits.select(torch.tensor([3, 4]))  # the keys 41 and 7
    made = source(store, some, cells, ["gain"], required=torch.tensor([0, 1]))
    (view,) = made.views(store.batch(torch.arange(6)), [generator(0)])
    stored = store.batch(torch.arange(6))
    changed = (view.x[:, 0] != stored.x[:, 0])[view.ptr[:-1]]
    assert changed.tolist() == [True, True, False, False, False, False]
    with pytest.raises(SettingsError) as caught:
        source(store, some, cells, required=torch.tensor([0, 2, 5]))
    for part in ("2 of 3", "keys 6, 12)", "events from: a.root", "deposits from: d.root"):
        assert part in str(caught.value)
    with pytest.raises(SettingsError, match="4 of 6 have none"):
        source(store, some, cells)


def test_deposits_of_one_event_stand_once(store, deposits, cells):
    twice = deposits.select(torch.tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 3]))
    with pytest.raises(SettingsError, match=r"the event 41 are twice in d\.root \(1 such"):
        source(store, twice, cells)
    again = deposits.select(torch.tensor([4]))
    with pytest.raises(SettingsError, match=r"the event 7 are in one and in two"):
        ResimulatedViews(store, {"one": deposits, "two": again}, cells)


def test_the_detector_must_make_what_the_store_has(store, deposits, cells):
    def changed(**update):
        return source(dataclasses.replace(store, **update), deposits, cells)

    with pytest.raises(SettingsError, match="makes the features time, charge, not width"):
        changed(feature_names=("charge", "width"))
    with pytest.raises(SettingsError, match="hit_deposits, hit_truth, not hit_module"):
        changed(hits={**store.hits, "hit_module": store.hits["hit_deposits"]})
    with pytest.raises(SettingsError, match="makes positions in cm, the schema has them in mm"):
        changed(position_unit="mm")
    with pytest.raises(SettingsError, match="makes charge in pe, the schema has them in ke"):
        changed(feature_units=("ke", "ns"))
    changed(feature_units=("", ""))
    hits = {**store.hits, "x": store.hits["x"][:, 1:]}
    made = changed(feature_names=("time",), hits=hits, feature_units=())
    (view,) = made.views(made.store.batch(torch.arange(6)), [generator(0)])
    assert view.x.size(1) == 1


def test_settings_that_do_not_fit(store, deposits, cells):
    with pytest.raises(SettingsError, match=r"no parameter 'gian'\. Did you mean gain"):
        source(store, deposits, cells, ["gian"])
    with pytest.raises(SettingsError, match="lower end first"):
        source(store, deposits, cells, {"gain": (11.0, 10.0)})
    for wrong in (-0.1, 1.5, float("nan")):
        with pytest.raises(SettingsError, match="from 0 to 1"):
            source(store, deposits, cells, probability=wrong)
    bare = {name: value for name, value in store.events.items() if name != "key"}
    with pytest.raises(SettingsError, match=r"views\.resimulate .*key: COLUMN"):
        source(dataclasses.replace(store, events=bare), deposits, cells)
    both = store.select(torch.tensor([0, 0]))
    both = dataclasses.replace(both, events={**both.events, "y": torch.tensor([0, 1])})
    with pytest.raises(SettingsError, match="expected one event for each key"):
        source(both, deposits, cells)
    with pytest.raises(SettingsError, match="there are none"):
        source(store, deposits, cells, required=torch.empty(0, dtype=torch.int64))
