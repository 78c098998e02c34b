"""Each check of a schema passes sound ones of every layout and catches a mistake."""

from __future__ import annotations

import dataclasses

import awkward as ak
import numpy as np
import pytest

from hitclr.io import Schema, load_schema
from hitclr.testing import SCHEMA_CHECKS, check_schema, schemas
from hitclr.testing.made_tree import MadeTree, make_tree
from hitclr.testing.schemas import read_made_up

CHECKS = {check.name: check for check in SCHEMA_CHECKS}
BASE = {
    "name": "base",
    "tree": "events",
    "positions": {"branches": ["x", "y", "z"], "unit": "cm"},
    "features": [{"name": "q", "branch": "q", "unit": "pe"}],
}
SOUND = {
    "base": {},
    "times": {
        "features": [
            {"name": "q", "branch": "q"},
            {"name": "t", "branch": "t", "relative_to": "median"},
            {"name": "u", "branch": "t", "relative_to": "minimum"},
        ]
    },
    "values of two columns": {
        "label": {
            "columns": [{"branch": "mc.pdg", "index": 0}, {"branch": "mc.cc"}],
            "classes": {"track": [[14, 1], [-14, 1]], "shower": [[12, 0], [12, 1]]},
        },
        "observers": {"pdg": {"branch": "mc.pdg", "index": 0}, "energy": "energy"},
    },
    "conditions": {
        "derive": {"r": "sqrt(x**2 + y**2)", "total": "sum(q)", "far": "r > mean(r) + 0 * offset"},
        "select": "total > 10 and run != 3",
        "select_hits": ["r < 50 and trig >= 1", {"branch": "gate", "min": -2, "max": 7}],
        "label": {"classes": {"a": "abs(pdg[0]) == 14", "b": "abs(pdg[0]) != 14"}},
        "observers": {"total": "total"},
        "hit_columns": {"far": "far"},
    },
    "flat": {
        "layout": "flat",
        "group_by": ["run", "event"],
        "label": {"columns": "pdg", "classes": {"track": 13, "shower": 11}},
        "key": "event",
        "weight": "w",
        "hit_columns": {"module": "module"},
        "observers": {"energy": "energy"},
        "select_hits": {"branch": "trig", "min": 1},
    },
    "members": {
        "positions": {"branches": ["hits.pos.x", "hits.pos.y", "hits.pos.z"], "unit": "m"},
        "features": [{"name": "q", "branch": "hits.q"}],
        "observers": {"energy": "truth.energy", "count": "n"},
        "key": "truth.event",
    },
    "slashes": {
        "positions": {"branches": [f"Evt/hits/hits.pos.{axis}" for axis in "xyz"], "unit": "m"},
        "features": [{"name": "t", "branch": "Evt/hits/hits.t", "unit": "ns"}],
    },
    "beside members": {"features": [{"name": "q", "branch": "hits.q"}], "observers": {"n": "hits"}},
}


def schema_with(**changes):
    return load_schema({**BASE, **changes})


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_schema_passes(name):
    check_schema(schema_with(**SOUND[name]))


@pytest.mark.parametrize("name", SOUND)
def test_enough_events_and_hits_are_left_to_compare(name):
    schema = schema_with(**SOUND[name])
    store, made = read_made_up(schema)
    assert len(store) >= 40
    assert store.num_hits > len(store)
    kept = made.kept()
    assert bool(ak.any(~kept)) == bool(schema.select_hits)
    assert all(number > 1 for number in np.bincount(store.labels))


def test_which_schemas_an_rntuple_can_have():
    plain = {name: make_tree(schema_with(**SOUND[name])).has_plain_names() for name in SOUND}
    assert {name for name, is_plain in plain.items() if not is_plain} == {
        "slashes",
        "beside members",
    }


BROKEN = {
    "an observer that is a list": (
        "reads_what_was_written",
        {"observers": {"charge": "q"}},
        "q is used as a column of events without an index",
    ),
    "hit columns with fractions": (
        "reads_what_was_written",
        {"derive": {"half": "q / 2"}, "hit_columns": {"half": "half"}},
        "expected integers for a hit column",
    ),
    "an expression that cannot be": (
        "reads_what_was_written",
        {"derive": {"all": "sum(sum(q))"}, "observers": {"all": "all"}},
        "it is about the hits of an event",
    ),
    "a selection that nothing fulfils": (
        "reads_what_was_written",
        {"select": "sum(q) > 1 and sum(q) < 0"},
        "InputError",
    ),
    "a class that nothing fulfils": (
        "finds_every_class",
        {"label": {"classes": {"a": "sum(q) > 0", "b": "sum(q) > 2 and sum(q) < 1"}}},
        "'b'",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_mistake_is_caught_by_its_check(case):
    name, changes, words = BROKEN[case]
    with pytest.raises(AssertionError) as caught:
        CHECKS[name](schema_with(**changes))
    assert "Schema 'base' breaks the contract" in str(caught.value)
    assert CHECKS[name].title in str(caught.value)
    assert words in str(caught.value)


def test_what_yaml_does_not_keep():
    class Wider(Schema):
        extra: int = 0

    with pytest.raises(AssertionError, match="a Wider comes back as a Schema"):
        CHECKS["survives_yaml"](Wider(**BASE))


def test_a_key_that_comes_back_otherwise(monkeypatch):
    monkeypatch.setattr(schemas, "load_schema", lambda path: schema_with(max_hits=7))
    with pytest.raises(AssertionError, match="come back otherwise: max_hits"):
        CHECKS["survives_yaml"](schema_with())


@pytest.mark.parametrize("column", ["pos", "x", "hit_module", "energy", "key", "weight", "y"])
def test_a_number_that_is_read_otherwise(monkeypatch, column):
    schema = schema_with(**SOUND["flat"])
    read = schemas.read_samples

    def altered(*arguments):
        store = read(*arguments)
        level = "hits" if column in store.hits else "events"
        values = getattr(store, level)[column].clone()
        values[5] = values[5] + 1
        return dataclasses.replace(store, **{level: {**getattr(store, level), column: values}})

    monkeypatch.setattr(schemas, "read_samples", altered)
    with pytest.raises(AssertionError, match="row 5: written was"):
        CHECKS["reads_what_was_written"](schema)


def test_an_rntuple_is_compared_too(monkeypatch):
    write = MadeTree.write

    def altered(self, path, form):
        branches = dict(self.branches)
        if form == "rntuple":
            branches["x"] = branches["y"]
        write(dataclasses.replace(self, branches=branches), path, form)

    monkeypatch.setattr(MadeTree, "write", altered)
    CHECKS["reads_what_was_written"](schema_with())
    with pytest.raises(AssertionError, match="pos, x: row 0"):
        CHECKS["reads_an_rntuple"](schema_with())


def test_a_class_without_events_is_named(monkeypatch):
    read = schemas.read_samples

    def altered(*arguments):
        store = read(*arguments)
        return store.select((store.labels == 0).nonzero().flatten())

    monkeypatch.setattr(schemas, "read_samples", altered)
    with pytest.raises(AssertionError, match="made-up events is of the class 'shower'"):
        CHECKS["finds_every_class"](schema_with(**SOUND["flat"]))
