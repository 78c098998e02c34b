"""Each check of a detector passes a sound one and catches a mistake."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from hitclr.detectors import DetectorParameter, Throw, Throws
from hitclr.io import load_schema
from hitclr.testing import DETECTOR_CHECKS, check_detector
from hitclr.testing.detectors import shoot_events

CHECKS = {check.name: check for check in DETECTOR_CHECKS}
NOMINAL = {"gain": 10.0, "threshold": 0.0, "noise": 0.0}


SCHEMA = load_schema(
    {
        "name": "cells",
        "tree": "events",
        "positions": {"branches": ["hits_x", "hits_y", "hits_z"], "unit": "cm"},
        "features": [
            {"name": "time", "branch": "hits_time", "unit": "ns"},
            {"name": "charge", "branch": "hits_charge", "unit": "pe"},
        ],
        "hit_columns": {"deposits": "hits_deposits"},
        "label": {"columns": "pdg", "classes": {"electron": [11, -11], "muon": [13, -13]}},
        "key": "event",
    }
)


@pytest.fixture(scope="module")
def sound(cells):
    """The detector of the tests, in a box: deposits outside of it have no energy."""
    volume = ((-400.0,) * 3, (400.0,) * 3)
    kind = type("Boxed", (type(cells),), {"volume": volume, "schema": SCHEMA})

    def respond(self, deposits, throws, generator):
        inside = (deposits.pos.abs() < 400).all(1)
        kept = replace(deposits, energy=torch.where(inside, deposits.energy, 0.0))
        return super(kind, self).respond(kept, throws, generator)

    kind.respond = respond
    return kind


@pytest.fixture(scope="module")
def deposits(sound):
    return shoot_events(sound())


def altered(kind, **changes):
    return type("Broken", (kind,), changes)()


def answering(kind, change):
    """A detector whose response is changed afterwards."""

    def respond(self, deposits, throws, generator):
        return change(super(made, self).respond(deposits, throws, generator), deposits, throws)

    made = type("Broken", (kind,), {"respond": respond})
    return made()


def with_parameter(kind, parameter):
    throw = Throw("nominal", {**NOMINAL, parameter.name: parameter.nominal})
    return altered(kind, parameters=(*kind.parameters, parameter), throws=(throw,))


def moved(store, **hits):
    return replace(store, hits={**store.hits, **hits})


def global_noise(store, deposits, throws):
    return moved(store, x=store.hits["x"] + torch.randn(store.hits["x"].shape))


def left_over(kind):
    random = torch.Generator().manual_seed(0)

    def change(store, deposits, throws):
        noise = torch.randn(store.hits["x"].shape, generator=random)
        return moved(store, x=store.hits["x"] + noise)

    return answering(kind, change)


def off_nominal(kind):
    def draw(self, count, generator, vary=None):
        drawn = super(kind, self).draw(count, generator, vary)
        return Throws({**drawn.values, "gain": 1.01 * drawn["gain"]}, drawn.channels)

    return altered(kind, draw=draw)


def looping(store, deposits, throws):
    means = [store.hits["x"][a:b].sum() for a, b in zip(store.ptr[:-1], store.ptr[1:], strict=True)]
    return store if means else None


def schema_of(kind, **changes):
    return load_schema({**kind.schema.model_dump(exclude_defaults=True), **changes})


def outside(store, deposits, throws):
    return moved(store, pos=store.hits["pos"] + 1000)


CASES = {
    "no nominal throw": (
        "has_a_nominal_throw",
        lambda kind: altered(kind, throws=(Throw("usual", NOMINAL),)),
        "got usual",
    ),
    "another nominal value": (
        "has_a_nominal_throw",
        lambda kind: altered(kind, throws=(Throw("nominal", {**NOMINAL, "gain": 9.0}),)),
        "'gain': expected 10.0",
    ),
    "half a throw": (
        "has_whole_throws",
        lambda kind: altered(kind, throws=(*kind.throws, Throw("low", {"gain": 8.0}))),
        "'low'",
    ),
    "one name for two throws": (
        "has_whole_throws",
        lambda kind: altered(kind, throws=kind.throws * 2),
        "2 times",
    ),
    "a value out of range": (
        "has_whole_throws",
        lambda kind: altered(kind, throws=(Throw("nominal", {**NOMINAL, "gain": -1.0}),)),
        "gain: expected a number between",
    ),
    "drops events": (
        "keeps_its_events",
        lambda kind: answering(kind, lambda store, *_: store.select(torch.tensor([0, 1]))),
        "expected 8 events, got 2",
    ),
    "mixes events": (
        "keeps_its_events",
        lambda kind: answering(kind, lambda store, *_: store.select(torch.arange(8).flip(0))),
        "the truth column 'event'",
    ),
    "no hits": (
        "keeps_its_events",
        lambda kind: with_parameter(
            answering(
                kind,
                lambda s, *_: replace(
                    s, hits={n: c[:0] for n, c in s.hits.items()}, ptr=torch.zeros_like(s.ptr)
                ),
            ).__class__,
            DetectorParameter("more", "", 1.0, 0.0, 2.0, "nothing"),
        ),
        "no hit at all",
    ),
    "double precision": (
        "keeps_its_events",
        lambda kind: answering(kind, lambda s, *_: moved(s, pos=s.hits["pos"].double())),
        "torch.float64",
    ),
    "a column too few": (
        "keeps_its_events",
        lambda kind: answering(kind, lambda s, *_: moved(s, x=s.hits["x"][:, :1])),
        "expected x [N, 2]",
    ),
    "not finite": (
        "keeps_its_events",
        lambda kind: answering(kind, lambda s, *_: moved(s, x=s.hits["x"] / 0)),
        "finite numbers in x",
    ),
    "other units": (
        "agrees_with_its_schema",
        lambda kind: answering(kind, lambda s, *_: replace(s, feature_units=("s", "pe"))),
        "units: the schema 'cells'",
    ),
    "a global generator": (
        "uses_only_the_generator",
        lambda kind: answering(kind, global_noise),
        "changed: torch",
    ),
    "a state of its own": ("repeats", left_over, "column 'x'"),
    "another default": (
        "nominal_values_give_the_nominal_hits",
        off_nominal,
        "Detector.draw with nothing to vary",
    ),
    "a parameter without effect": (
        "each_parameter_changes_hits",
        lambda kind: with_parameter(kind, DetectorParameter("tilt", "mrad", 0, -1, 1, "a tilt")),
        "parameter 'tilt' (a tilt): all",
    ),
    "a parameter without a range": (
        "each_parameter_changes_hits",
        lambda kind: with_parameter(kind, DetectorParameter("tilt", "mrad", 1, 1, 1, "a tilt")),
        "give it a range",
    ),
    "hits outside": (
        "stays_in_its_volume",
        lambda kind: answering(kind, outside),
        "lie outside of [-400.0, -400.0, -400.0]",
    ),
    "corners the wrong way round": (
        "stays_in_its_volume",
        lambda kind: altered(kind, volume=kind.volume[::-1]),
        "the lower corner first",
    ),
    "a schema that swaps axes": (
        "its_schema_reads_its_files",
        lambda kind: altered(
            kind,
            schema=schema_of(
                kind, positions={"branches": ["hits_y", "hits_x", "hits_z"], "unit": "cm"}
            ),
        ),
        "pos, x: expected the numbers of the branch 'hits_x'",
    ),
    "a schema without a key": (
        "its_schema_reads_its_files",
        lambda kind: altered(kind, schema=schema_of(kind, key=None)),
        "`key: event`",
    ),
    "a schema that asks for more": (
        "its_schema_reads_its_files",
        lambda kind: altered(kind, schema=schema_of(kind, observers={"run": "run"})),
        "it raised InputError",
    ),
    "a loop": (
        "loops_over_no_events",
        lambda kind: answering(kind, looping),
        "more for each event",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_caught_by_its_check(sound, deposits, case):
    name, make, words = CASES[case]
    broken = make(sound)
    with pytest.raises(AssertionError) as caught:
        CHECKS[name](broken, deposits)
    assert CHECKS[name].title in str(caught.value)
    assert words in str(caught.value)


def test_every_check_has_a_mistake_that_it_catches():
    assert {name for name, _, _ in CASES.values()} == set(CHECKS)
    assert all(len(check.why) > 20 for check in CHECKS.values())


def test_a_sound_detector_passes(sound):
    check_detector(sound())


def test_only_hits_at_the_borders_are_outside(sound, deposits):
    def beyond(store, deposits, throws):
        pos = store.hits["pos"]
        return moved(store, pos=torch.where(pos > 399, 401.0, pos))

    with pytest.raises(AssertionError, match="lie outside"):
        CHECKS["stays_in_its_volume"](answering(sound, beyond), deposits)


def test_without_a_volume_nothing_is_said_of_it(cells, deposits):
    CHECKS["stays_in_its_volume"](cells, deposits)
