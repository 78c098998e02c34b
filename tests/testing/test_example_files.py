"""Schemas with tables and records, and makers of schemas, are checked on files of their authors."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING

import awkward as ak
import numpy as np
import pytest
import uproot

from hitclr.errors import SchemaError
from hitclr.events import feature_names
from hitclr.io import LookupTable, Schema, load_schema
from hitclr.plugins import Plugins
from hitclr.testing import (
    SCHEMA_CHECKS,
    SCHEMA_MAKER_CHECKS,
    Example,
    check_schema,
    check_schema_maker,
)
from hitclr.testing.kit import Kit
from hitclr.testing.schemas import read_example

if TYPE_CHECKING:
    from collections.abc import Sequence as Unknown

OF_SCHEMAS = {check.name: check for check in SCHEMA_CHECKS}
OF_MAKERS = {check.name: check for check in SCHEMA_MAKER_CHECKS}
COUNTS = np.array([3, 1, 4, 2, 5, 2])
MODULES = 6
RUNS = (7, 8)


def columns():
    """Hits by module; the first mother of an event, of which there may be none."""
    random = np.random.default_rng(1)
    number = int(COUNTS.sum())
    mothers = np.array([2, 1, 1, 0, 2, 1])
    return {
        "run": np.array([7, 7, 7, 8, 8, 8], dtype=np.int32),
        "pdg": np.array([13, 11, 13, 11, 13, 11], dtype=np.int32),
        "module": ak.unflatten(random.integers(0, MODULES, number), COUNTS),
        "q": ak.unflatten(random.uniform(1, 5, number), COUNTS),
        "t": ak.unflatten(random.normal(1e6, 50, number), COUNTS),
        "energy": ak.unflatten(random.uniform(1, 9, int(mothers.sum())), mothers),
        "mother": ak.unflatten(random.integers(11, 14, int(mothers.sum())), mothers),
    }


def flat_columns():
    """The same with an entry for each hit."""
    made = columns()
    event = np.repeat(np.arange(len(COUNTS)), COUNTS)
    lists = {name: ak.to_numpy(ak.flatten(made[name])) for name in ("module", "q", "t")}
    return {"event": event, "run": made["run"][event], "pdg": made["pdg"][event], **lists}


GEOMETRY = {
    "keys": {
        "run": np.repeat(RUNS, MODULES).tolist(),
        "module": np.tile(np.arange(MODULES), 2).tolist(),
    },
    "columns": {
        **{axis: np.linspace(n, n + 9, 2 * MODULES).tolist() for n, axis in enumerate("xyz")},
        "t0": np.arange(2.0 * MODULES).tolist(),
        "string": (np.arange(2 * MODULES) // 4).tolist(),
    },
}
BASE = {
    "name": "by-module",
    "tree": "events",
    "tables": {"geo": GEOMETRY},
    "derive": {"time": "t + geo.t0"},
    "positions": {"branches": ["geo.x", "geo.y", "geo.z"], "unit": "m"},
    "features": [
        {"name": "q", "branch": "q"},
        {"name": "t", "branch": "time", "relative_to": "median"},
    ],
    "hit_columns": {"string": "geo.string"},
    "select_hits": {"branch": "q", "min": 1.2},
    "label": {"columns": "pdg", "classes": {"track": 13, "shower": 11}},
}
WITH_MOTHERS = {
    "observers": {
        "run": "run",
        "energy": {"branch": "energy", "index": 0},
        "mother": {"branch": "mother", "index": 0},
    }
}
FLAT = {"layout": "flat", "group_by": "event", "observers": {"run": "run"}, "key": "event"}


def schema_with(**changes):
    return load_schema({**BASE, **changes})


def written(path, made):
    with uproot.recreate(path) as file:
        types = {name: ak.type(ak.Array(column)).content for name, column in made.items()}
        file.mktree("events", types, counter_name=lambda name: f"number_{name}")
        file["events"].extend(made)
    return path


@pytest.fixture
def file(tmp_path):
    return written(tmp_path / "hits.root", columns())


@pytest.mark.parametrize(
    ("changes", "made"), [(WITH_MOTHERS, columns), (FLAT, flat_columns)], ids=["jagged", "flat"]
)
def test_a_sound_schema_with_a_table_passes(tmp_path, changes, made):
    path = written(tmp_path / "hits.root", made())
    schema = schema_with(**changes)
    check_schema(schema, [path])
    assert len(read_example(schema, path)) == len(COUNTS)
    by_condition = {"classes": {"track": "pdg == 13", "shower": "pdg == 11"}}
    check_schema(schema_with(**changes, label=by_condition), [str(path)])


def records(path):
    """Hits as bytes that the file does not describe, after a header of 10."""
    lists = [
        struct.pack(">IHI", 0, 9, count)
        + b"".join(struct.pack(">hf", hit, 0.5 * hit + count) for hit in range(count))
        for count in COUNTS.tolist()
    ]
    counts = [len(one) for one in lists]
    made = {"hits": ak.unflatten(np.frombuffer(b"".join(lists), dtype=np.uint8), counts)}
    return written(path, made)


RECORDS = {
    "name": "records",
    "tree": "events",
    "records": {"hits": {"size": 6, "vector": True, "fields": {"id": [0, ">i2"], "q": [2, ">f4"]}}},
    "derive": {"x": "1.0 * hits.id"},
    "positions": {"branches": ["x", "x", "hits.q"], "unit": "cm"},
    "features": [{"name": "q", "branch": "hits.q"}],
}


def test_a_sound_schema_with_records_passes(tmp_path):
    schema = load_schema(RECORDS)
    path = records(tmp_path / "records.root")
    check_schema(schema, [path])
    assert read_example(schema, path).num_hits == COUNTS.sum()


@pytest.mark.parametrize("content", [BASE, RECORDS], ids=["tables", "records"])
def test_a_file_is_asked_for(content):
    schema = load_schema(content)
    OF_SCHEMAS["survives_yaml"](schema)
    with pytest.raises(pytest.skip.Exception) as said:
        check_schema(schema)
    for words in (
        "tables or records needs a file",
        f"('schema', '{schema.name}')",
        "Example(files=[...])",
    ):
        assert words in str(said.value)


def test_files_are_read_beside_made_up_ones(file):
    plain = {
        "name": "plain",
        "tree": "events",
        "positions": {"branches": ["q", "q", "t"], "unit": "m"},
        "features": [{"name": "q", "branch": "q"}],
    }
    check_schema(load_schema(plain), [file])
    other = load_schema({**plain, "positions": {"branches": ["q", "q", "u"], "unit": "m"}})
    check_schema(other)
    with pytest.raises(AssertionError, match=r"(?s)every class.*'?u'?.*hits\.root"):
        check_schema(other, [file])


def test_entries_at_fault_are_named(tmp_path):
    made = columns()
    path = written(tmp_path / "odd.root", {**made, "module": made["module"] + 1})
    with pytest.raises(AssertionError, match=r"(?s)row of the table geo.*module 6.*odd\.root"):
        OF_SCHEMAS["fits_its_example_files"](schema_with(), (path,))
    one_class = written(tmp_path / "tracks.root", {**made, "pdg": np.full(len(COUNTS), 13)})
    with pytest.raises(AssertionError, match="none of 6 events is of the class 'shower'"):
        OF_SCHEMAS["fits_its_example_files"](schema_with(), (one_class,))
    with pytest.raises(AssertionError, match="selects none of 6 entries"):
        OF_SCHEMAS["fits_its_example_files"](schema_with(select="run > 9", label=None), (path,))


@pytest.mark.parametrize("changes", [{}, FLAT], ids=["jagged", "flat"])
def test_rows_of_a_table_that_are_mixed_up_are_caught(tmp_path, monkeypatch, changes):
    path = written(tmp_path / "hits.root", flat_columns() if changes else columns())
    take = LookupTable.take
    monkeypatch.setattr(LookupTable, "take", lambda *given: np.roll(take(*given), 1))
    with pytest.raises(AssertionError, match=r"hits\.root: pos, geo\.x: row 0: written was"):
        OF_SCHEMAS["reads_what_was_written"](schema_with(**changes), (path,))


def test_a_missing_number_is_to_be_missing(file):
    made = read_example(schema_with(**WITH_MOTHERS), file)
    for name in ("energy", "mother"):
        assert made.events[name].isnan().tolist() == [False] * 3 + [True] + [False] * 2
    OF_SCHEMAS["reads_what_was_written"](schema_with(**WITH_MOTHERS), (file,))


# Makers of schemas.


def by_module(geometry: Path, others: tuple[Path, ...] | None = None, first: int = 0) -> Schema:
    """A schema by a geometry in JSON."""
    try:
        table = json.loads(geometry.read_text())
    except (OSError, ValueError) as error:
        message = f"the geometry {geometry} cannot be read: {error}"
        raise SchemaError(message) from error
    for other in others or ():
        if not other.exists():
            message = f"{other} is missing"
            raise SchemaError(message)
    return schema_with(tables={"geo": table}, **WITH_MOTHERS)


@pytest.fixture
def geometry(tmp_path):
    path = tmp_path / "geometry.json"
    path.write_text(json.dumps(GEOMETRY))
    return path


def test_a_sound_maker_passes(file, geometry):
    check_schema_maker(by_module, {"geometry": str(geometry)}, [file])


def test_a_maker_without_options_or_files_is_asked_for_them(geometry):
    with pytest.raises(pytest.skip.Exception, match="does not know geometry") as said:
        check_schema_maker(by_module)
    assert "('schema-maker', 'by_module')" in str(said.value)
    assert "Example(options={...}, files=[...])" in str(said.value)
    with pytest.raises(pytest.skip.Exception, match="there are no files for the schema"):
        check_schema_maker(by_module, {"geometry": geometry})


def unannotated(geometry, first: int = 0):
    return by_module(Path(geometry), first=first)


def unnamed(*geometry: Path):
    return by_module(*geometry)


def for_type_checkers(geometry: Path, others: Unknown[Path] = ()):
    return by_module(geometry)


def takes_text(geometry: str) -> Schema:
    return by_module(Path(geometry))


def makes_a_mapping(geometry: Path):
    return BASE


def other_each_time(geometry: Path):
    made = by_module(geometry)
    return made.model_copy(update={"description": str(id(made))})


class Special(Schema):
    """With more than a schema keeps."""

    more: str = ""


def makes_a_subclass(geometry: Path):
    return Special(**dict(by_module(geometry)))


def names_no_file(geometry: Path):
    try:
        return by_module(geometry)
    except SchemaError:
        message = "the geometry cannot be read"
        raise SchemaError(message) from None


def lets_errors_through(geometry: Path):
    json.loads(geometry.read_text())
    return by_module(geometry)


def reads_nothing(geometry: Path):
    return schema_with()


def takes_other_modules(geometry: Path):
    made = by_module(geometry)
    return made.model_copy(update={"select": "run > 8", "label": None})


MADE_WRONG = [
    (unannotated, "says_what_its_options_are", "'geometry' has no annotation"),
    (unnamed, "says_what_its_options_are", "'geometry' has no name"),
    (for_type_checkers, "says_what_its_options_are", "'Unknown'.*TYPE_CHECKING"),
    (takes_text, "says_what_its_options_are", r"'geometry' is the file .*geometry\.json.*Path"),
    (makes_a_mapping, "makes_a_schema", "expected a Schema, got a dict"),
    (other_each_time, "makes_a_schema", "two different schemas"),
    (makes_a_subclass, "makes_one_that_survives_yaml", "comes back as a Schema"),
    (names_no_file, "names_a_file_that_it_cannot_use", "'missing-geometry.json'.*names the file"),
    (lets_errors_through, "names_a_file_that_it_cannot_use", "got FileNotFoundError"),
    (reads_nothing, "names_a_file_that_it_cannot_use", "expected an error, it made a schema"),
    (takes_other_modules, "fits_its_example_files", "selects none of 6 entries"),
]


@pytest.mark.parametrize(
    ("make", "name", "words"), MADE_WRONG, ids=lambda one: getattr(one, "__name__", one)
)
def test_a_mistake_of_a_maker_is_caught_by_its_check(file, geometry, make, name, words):
    with pytest.raises(AssertionError, match=words):
        OF_MAKERS[name](make, "m", Example(options={"geometry": geometry}, files=[file]))


def test_one_file_of_several_is_replaced(file, geometry):
    options = {"geometry": geometry, "others": [geometry, geometry]}
    check = OF_MAKERS["names_a_file_that_it_cannot_use"]
    with pytest.raises(AssertionError, match=r"others='other-geometry\.json', expected an error"):
        check(by_module, "m", Example(options=options))


def test_a_maker_of_events_that_are_others_is_caught(file, geometry, monkeypatch):
    take = LookupTable.take
    monkeypatch.setattr(LookupTable, "take", lambda *given: np.roll(take(*given), 1))
    with pytest.raises(AssertionError, match=r"pos, geo\.x: row 0"):
        check_schema_maker(by_module, {"geometry": geometry}, [file])


# The kit.


def test_the_kit_takes_the_authors_files(file, geometry):
    plugins = Plugins()
    plugins.schemas.add("by-module", schema_with(), "mine")
    plugins.schema_makers.add("maker", by_module, "mine")
    plugins.encoders.add("net", lambda in_channels: None, "mine")
    examples = {
        "schema": Example(files=[str(file)]),
        "schema-maker": Example({"geometry": str(geometry)}, files=[file]),
    }
    kit = Kit(plugins, "mine", lambda kind, name: examples.get(kind))
    kinds = [kind for kind, _ in kit.registered()]
    assert kinds == ["schema", "schema-maker", "encoder"]
    schema, files = kit.prepare("schema", "by-module")
    assert (schema.name, files) == ("by-module", (file,))
    make, name, example = kit.prepare("schema-maker", "maker")
    assert (make, name, example.files) == (by_module, "maker", [file])
    # Events for the plugin's encoders are of these files; without them, not of this schema.
    (events,) = kit._batches
    assert feature_names(events) == ("q", "t")
    assert events.num_graphs == 5
    assert Kit(plugins, "mine", lambda kind, name: None)._batches == []


PLUGIN = """
from pathlib import Path

import hitclr
from hitclr.io import Schema, load_schema

CONTENT = {content!r}


def made(geometry: Path) -> Schema:
    return load_schema(CONTENT)


@hitclr.hookimpl
def register_schemas(registrar):
    registrar.add("by-module", load_schema(CONTENT))


@hitclr.hookimpl
def register_schema_makers(registrar):
    registrar.add("maker", made)
"""

pytest_plugins = ["pytester"]


def test_what_is_not_checked_is_said(pytester, monkeypatch):
    """`pytest --hitclr-conformance` gives the reason, and what to do about it."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest -p no:cacheprovider")
    monkeypatch.setenv("HITCLR_DISABLE_PLUGINS", "km3net,lartpc,cube")
    monkeypatch.syspath_prepend(str(pytester.path))
    pytester.makepyfile(firm=PLUGIN.format(content=BASE))
    info = pytester.mkdir("x-1.2.dist-info")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: x\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[hitclr]\nfirm = firm\n")
    result = pytester.runpytest("--hitclr-conformance=firm", "-rs")
    result.assert_outcomes(passed=10, skipped=6)
    result.stdout.fnmatch_lines(
        [
            "SKIPPED*a schema with tables or records needs a file: *",
            "*pytest_hitclr_example(kind, name):",
            "*('schema', 'by-module'):",
            "*Example(files=[[]...[]])",
            "SKIPPED*the kit does not know geometry, which it needs*",
            "*('schema-maker', 'maker'):",
        ]
    )
