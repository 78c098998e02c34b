"""First schemas of trees in which an entry is a hit: found, loaded, checked on the same file."""

from __future__ import annotations

import numpy as np
import pytest
import uproot

from hitclr.errors import SchemaError
from hitclr.io import load_schema
from hitclr.io.inspection import check_schema, flat_values, guess_file, summarise_tree
from hitclr.io.inspection.flat_values import find_keys
from hitclr.io.inspection.propose import propose_schema
from hitclr.io.inspection.values import TreeValues

EVENTS = 60
COUNTS = np.random.default_rng(2).integers(1, 9, EVENTS)
EVENT = np.repeat(np.arange(EVENTS), COUNTS)
TOTAL = len(EVENT)
LONGEST = COUNTS.argmax()


def hits(names=("hit_x", "hit_y", "hit_z", "hit_q", "hit_t")):
    random = np.random.default_rng(4)
    return {name: random.normal(0, 10, TOTAL) for name in names}


def of_events(dtype=float, low=0.0, high=9.0):
    return np.random.default_rng(5).uniform(low, high, EVENTS).astype(dtype)[EVENT]


def runs(length=20):
    """Events that are numbered anew in each run."""
    return {"run": EVENT // length + 7, "event": EVENT % length}


SHAPES = {
    "event alone": ({"event": EVENT}, ["event"]),
    "other names": ({"EventID": EVENT.astype(np.uint32)}, ["EventID"]),
    "run and event": (runs(), ["run", "event"]),
    "runs of one event each": (runs(1), ["run", "event"]),
    "the event's name first": (dict(reversed(runs().items())), ["run", "event"]),
    "run, subrun, event": ({**runs(), "subrun": EVENT // 10 % 2}, ["run", "subrun", "event"]),
    "spill alone": ({"spill_number": 3 * EVENT}, ["spill_number"]),
    "spill and event": ({"spill": EVENT // 4, "evt": EVENT % 4}, ["spill", "evt"]),
    "numbers that fall": ({"event": 900 - EVENT}, ["event"]),
    "a frame of the hit": ({"event": EVENT, "frame": np.arange(TOTAL) % 7}, ["event"]),
    "an id of the hit": ({"event": EVENT, "hit_id": np.arange(TOTAL)}, ["event"]),
    "the hit's number in its event": (
        {"evt": EVENT, "hit_event": np.arange(TOTAL)}, ["evt"],
    ),
}  # fmt: skip


def hit_number(found):
    return sum(size * events for size, events in found.hits.events.items())


def written(proposal, tmp_path):
    path = tmp_path / "schema.yaml"
    path.write_text(proposal.text, encoding="utf-8")
    schema = load_schema(path)
    assert schema == proposal.schema
    return schema


@pytest.mark.parametrize("form", ["ttree", "rntuple"])
@pytest.mark.parametrize("shape", list(SHAPES))
def test_round_trip(tmp_path, write, shape, form):
    keys, expected = SHAPES[shape]
    path, columns = tmp_path / "a.root", {**hits(), **keys, "energy": of_events()}
    if form == "ttree":
        write(path, columns)
    else:
        with uproot.recreate(path) as file:
            file.mkrntuple("events", columns)
    proposal = propose_schema(path)
    schema = written(proposal, tmp_path)
    assert (schema.layout, schema.rows) == ("flat", "contiguous")
    assert list(schema.group_by) == expected
    assert schema.positions.branches == ("hit_x", "hit_y", "hit_z")
    assert [(f.name, f.branch) for f in schema.features] == [("time", "hit_t"), ("charge", "hit_q")]
    assert schema.observers["energy"].branch == "energy"
    found = check_schema(schema, [path])
    assert found.fits
    assert (found.events, found.entries, hit_number(found)) == (EVENTS, EVENTS, TOTAL)
    assert f"follow one another in all {TOTAL} entries: {EVENTS} events" in proposal.text
    assert f"{TOTAL / EVENTS:.1f} hits per event in the first {EVENTS} events" in proposal.text


@pytest.mark.parametrize("names", [("x", "y", "z"), ("PosX", "PosY", "PosZ")])
def test_hits_of_all_events_mixed(tmp_path, write, names):
    order = np.random.default_rng(1).permutation(TOTAL)
    columns = {**hits((*names, "adc")), **runs(), "is_signal": of_events(np.int32, 0, 2)}
    path = write(tmp_path / "a.root", {name: v[order] for name, v in columns.items()})
    proposal = propose_schema(path)
    schema = written(proposal, tmp_path)
    assert (schema.rows, schema.group_by) == ("any", ("run", "event"))
    assert schema.positions.branches == names
    assert set(schema.label.classes) == {"class_0", "class_1"}
    found = check_schema(schema, [path])
    assert found.fits
    assert (found.events, hit_number(found)) == (EVENTS, TOTAL)
    (caution,) = proposal.guesses.cautions
    run, event = columns["run"][order], columns["event"][order]
    words = caution.split("(")[1].split(")")[0].replace(",", "").split()
    where = (run == int(words[1])) & (event == int(words[3]))
    first, second = int(words[6]), int(words[8])
    assert np.flatnonzero(where)[0] == first
    assert where[second]
    assert not where[first + 1 : second].all()
    assert "CHECK: the hits of an event are apart" in proposal.text
    assert "rows: any  # CHECK" in proposal.text


def test_events_that_are_numbered_anew_without_a_run(tmp_path, write):
    """They cannot be told apart: that is said, with two places."""
    path = write(tmp_path / "a.root", {**hits(), "event": EVENT % 20})
    proposal = propose_schema(path)
    again = np.flatnonzero(EVENT == 20)[0]
    (caution,) = proposal.guesses.cautions
    assert f"event 0 at entry 0 and {again}" in caution
    assert "two events with one number" in caution
    assert proposal.schema.rows == "any"


def test_a_look_at_the_first_entries_only(tmp_path, write, monkeypatch):
    """The columns that number events are read further than the others, and labels with them."""
    monkeypatch.setattr(flat_values, "_ROWS", 50)
    late = (EVENT >= 50).astype(np.int32)
    path = write(tmp_path / "a.root", {**hits(), **runs(), "label": late})
    proposal = propose_schema(path)
    assert set(proposal.schema.label.classes) == {"class_0", "class_1"}
    assert check_schema(proposal.schema, [path]).fits
    assert proposal.guesses.hits == 50
    monkeypatch.setattr(flat_values, "_KEY_ROWS", 100)
    proposal = propose_schema(path)
    assert "in the first 100 entries" in proposal.text
    assert proposal.schema.label is None


def test_columns_of_hits_and_of_events(tmp_path, write):
    columns = {
        **hits(("hit_x", "hit_y", "hit_z", "hit_time", "hit_charge", "energy")),
        "pdg": np.random.default_rng(3).choice([13, 11], EVENTS).astype(np.int32)[EVENT],
        "true_energy": of_events(),
        "vtx_x": of_events(), "vtx_y": of_events(), "vtx_z": of_events(),
        "channel": np.random.default_rng(3).integers(0, 90, TOTAL),
        "mc_pdg": np.random.default_rng(6).choice([13, 11], TOTAL).astype(np.int32),
        "other": np.random.default_rng(3).normal(size=TOTAL),
        "flag": np.ones(TOTAL, dtype=np.int32),
        "event": EVENT,
    }  # fmt: skip
    path = write(tmp_path / "a.root", columns)
    proposal = propose_schema(path)
    schema = written(proposal, tmp_path)
    assert schema.positions.branches == ("hit_x", "hit_y", "hit_z")
    assert [f.branch for f in schema.features] == ["hit_time", "hit_charge"]
    assert schema.hit_columns == {"channel": "channel"}
    assert [column.branch for column in schema.label.columns] == ["pdg"]
    assert {n: c.branch for n, c in schema.observers.items()} == {
        "event": "event", "energy": "true_energy",
    }  # fmt: skip
    assert all(c.index is None for c in (*schema.observers.values(), *schema.label.columns))
    # What is an event's is not offered as a hit's.
    assert not {"vtx_x", "event", "pdg", "true_energy"} & set(proposal.guesses.others)
    assert "other" in proposal.guesses.others
    assert check_schema(schema, [path]).fits
    count = int((columns["pdg"][np.cumsum(COUNTS) - 1] == 13).sum())
    assert f"class_13: 13  # {count} events, mu- in PDG codes" in proposal.text


def test_a_flat_plane_and_times(tmp_path, write):
    """A coordinate that is the same everywhere is one still; times differ from event to event."""
    columns = {**hits(("x", "y", "t")), "z": np.zeros(TOTAL), "event": EVENT}
    columns["t"] += 1e4 * EVENT
    schema = propose_schema(write(tmp_path / "a.root", columns)).schema
    assert schema.positions.branches == ("x", "y", "z")
    assert [(f.branch, f.relative_to) for f in schema.features] == [("t", "median")]


@pytest.mark.parametrize(
    ("keys", "number"),
    [({"event": np.arange(TOTAL)}, "an entry an event"), ({"run": EVENT}, "runs are no events"),
     ({"event": EVENT + 0.0}, "no whole numbers"), ({"hit_id": EVENT}, "an id of the hit")],
)  # fmt: skip
def test_no_events(tmp_path, write, keys, number):
    path = write(tmp_path / "a.root", {**hits(), **keys})
    with pytest.raises(SchemaError, match="no whole numbers named like those of events"):
        propose_schema(path)


def test_numbers_of_each_entry_are_no_keys(tmp_path, write):
    path = write(tmp_path / "a.root", {**hits(), "run": EVENT, "event": np.arange(TOTAL)})
    with uproot.open(path) as file:
        summary = summarise_tree(file["events"], "events")
        assert find_keys(TreeValues(file["events"], summary, path)) is None


def test_a_tree_with_lists_comes_first(tmp_path, make_columns):
    lists = {n: v for n, v in make_columns(9, 4, "shower").items() if n.startswith("hit_")}
    with uproot.recreate(tmp_path / "a.root") as file:
        file.mkrntuple("flat", {**hits(), "event": EVENT})
        file.mkrntuple("jagged", lists)
    first, second = guess_file(tmp_path / "a.root")
    assert (first.tree.path, second.tree.path) == ("jagged", "flat")
    assert propose_schema(tmp_path / "a.root").schema.layout == "jagged"
    assert propose_schema(tmp_path / "a.root", "flat").schema.layout == "flat"


def test_checks_of_a_flat_tree(tmp_path, write):
    """What is wrong with events of a flat tree is told with the entry that they begin at."""
    columns = {**hits(), "event": EVENT, "energy": of_events(), "label": of_events(np.int32, 0, 2)}
    path = write(tmp_path / "a.root", columns)
    schema = propose_schema(path).schema
    columns["hit_q"][EVENT == 5] = np.nan
    last = np.flatnonzero(EVENT == LONGEST)[-1]
    columns["energy"][last] += 1
    bad = write(tmp_path / "b.root", columns)
    found = check_schema(schema, [path, bad])
    assert not found.fits
    assert (found.entries, found.events) == (2 * EVENTS, 2 * EVENTS - 2)
    assert {(f.reason, f.count, f.entry) for f in found.faults} == {
        ("not finite", 1, np.flatnonzero(EVENT == 5)[0]),
        ("differs within the event", 1, np.flatnonzero(EVENT == LONGEST)[0]),
    }
    apart = {name: values[::-1] if name == "hit_x" else values for name, values in columns.items()}
    apart["event"] = EVENT % 20
    found = check_schema(schema, [write(tmp_path / "c.root", apart)])
    (fault,) = found.faults
    assert (fault.unit, fault.entry) == ("file", np.flatnonzero(EVENT == 20)[0])
