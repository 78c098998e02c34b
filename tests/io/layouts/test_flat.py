"""Flat trees: an entry is a hit, and what is wrong with the grouping is named."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest

from hitclr.errors import InputError, SchemaError
from hitclr.events import EventStore
from hitclr.io import BadInput, Reason, Sample, check_samples, load_schema, read_samples
from hitclr.io.layouts import flat
from hitclr.io.reading import iterate, read_single

SCHEMA: dict[str, Any] = {
    "name": "flat",
    "tree": "events",
    "layout": "flat",
    "group_by": ["run", "event"],
    "positions": {"branches": ["x", "y", "z"], "unit": "cm"},
    "features": [{"name": "q", "branch": "q"}],
}
Write = Callable[..., Path]


def rows(event: list[int], run: list[int] | None = None, **more: Any) -> dict[str, Any]:
    """Rows of hits; ``q`` numbers them."""
    number = len(event)
    place = np.arange(number, dtype=np.float64)
    return {
        "x": place + 1,
        "y": place + 1,
        "z": place + 1,
        "q": place,
        "event": np.array(event, dtype=np.int64),
        "run": np.array(run if run is not None else [1] * number, dtype=np.int32),
        **more,
    }


def read(
    path: Path, policy: str = "raise", **update: Any
) -> tuple[EventStore, list[dict[str, Any]]]:
    bad = BadInput(policy)
    store = read_samples(load_schema({**SCHEMA, **update}), [Sample("toy", (path,))], bad)
    return store, bad.table()


def hits_of(store: EventStore) -> list[list[int]]:
    """The rows of each event."""
    charge = store.hits["x"][:, 0].long().tolist()
    ends = store.ptr.tolist()
    return [charge[start:stop] for start, stop in pairwise(ends)]


def test_one_column_groups(write: Write, tmp_path: Path) -> None:
    path = write(tmp_path / "a.root", rows([5, 5, 9, 2, 2, 2]))
    store, table = read(path, group_by="event")
    assert hits_of(store) == [[0, 1], [2], [3, 4, 5]]
    assert store.events["event_id"].tolist() == [[0, 0], [0, 1], [0, 2]]
    assert table == []


@pytest.mark.parametrize("kept", ["contiguous", "any"])
@pytest.mark.parametrize("piece", [1, 2, 2**22])
def test_several_columns_group(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: str, piece: int
) -> None:
    """Events of two runs have the same numbers, some beside one another."""
    monkeypatch.setattr(flat, "_PIECE", piece)
    columns = rows([2, 2, 1, 1, 1, 2], run=[1, 1, 1, 2, 2, 2])
    store, _ = read(write(tmp_path / "a.root", columns), rows=kept)
    assert hits_of(store) == [[0, 1], [2], [3, 4], [5]]
    turned, _ = read(tmp_path / "a.root", rows=kept, group_by=["event", "run"])
    assert hits_of(turned) == hits_of(store)


@pytest.mark.parametrize("piece", [1, 3, 2**22])
def test_hits_apart_are_an_error(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    """The first row at which an event begins again is named, and that where it began."""
    monkeypatch.setattr(flat, "_PIECE", piece)
    path = write(tmp_path / "a.root", rows([4, 7, 7, 3, 7, 7, 4, 8]))
    with pytest.raises(InputError) as caught:
        read(path)
    error = caught.value
    assert error.reason == Reason.NOT_CONTIGUOUS
    assert error.entry == 4
    assert (error.file, error.tree, error.branch) == (str(path), "events", "run")
    assert "run 1, event 7 begin at entry 1 and again at entry 4 (2 such cases)" in str(error)
    assert "`rows: any`" in str(error)
    store, table = read(path, rows="any")
    assert hits_of(store) == [[0, 6], [1, 2, 4, 5], [3], [7]]
    assert table == []


def test_a_group_that_comes_thrice_is_named_by_its_second_place(
    write: Write, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.root", rows([4, 5, 4, 5, 4]))
    with pytest.raises(InputError, match="begin at entry 0 and again at entry 2"):
        read(path)


@pytest.mark.parametrize("chunk", [1, 2**24])
def test_rows_in_any_order(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    """Events are numbered by their first hits, and hits stay in the order of the rows."""
    monkeypatch.setattr(iterate, "_CHUNK_BYTES", chunk)
    random = np.random.default_rng(5)
    run, event = random.integers(0, 3, 400), random.integers(-20, 20, 400)
    path = write(tmp_path / "a.root", rows(event.tolist(), run.tolist()), baskets=50)
    store, table = read(path, rows="any", observers={"run": "run"})
    expected: dict[tuple[int, int], list[int]] = {}
    for row, group in enumerate(zip(run.tolist(), event.tolist(), strict=True)):
        expected.setdefault(group, []).append(row)
    assert hits_of(store) == list(expected.values())
    assert store.events["run"].tolist() == [group[0] for group in expected]
    assert store.events["event_id"][:, 1].tolist() == list(range(len(expected)))
    assert table == []


def test_under_skip_the_file_is_counted(write: Write, tmp_path: Path) -> None:
    apart = write(tmp_path / "apart.root", rows([4, 7, 4]))
    good = write(tmp_path / "good.root", rows([4, 4, 7]))
    bad = BadInput("skip")
    store = read_samples(load_schema(SCHEMA), [Sample("toy", (apart, good))], bad)
    assert hits_of(store) == [[0, 1], [2]]
    assert store.events["event_id"].tolist() == [[1, 0], [1, 1]]
    assert bad.table() == [
        {"unit": "file", "reason": "hits apart", "sample": "toy", "class": "toy", "count": 1}
    ]
    with pytest.raises(InputError, match=r"1 file\(s\): hits apart"):
        read(apart, "skip")


@pytest.mark.parametrize("kept", ["contiguous", "any"])
@pytest.mark.parametrize(
    ("column", "what"),
    [
        (np.array([1.0, 1.0, 2.0]), "whole numbers that number the events.*float64"),
        (ak.Array([[1], [1], [2]]), "one number per entry, since in the flat layout"),
    ],
)
def test_a_grouping_column_has_whole_numbers(
    write: Write, tmp_path: Path, kept: str, column: Any, what: str
) -> None:
    path = write(tmp_path / "a.root", {**rows([1, 1, 2]), "event": column})
    with pytest.raises(InputError, match=what) as caught:
        read(path, rows=kept)
    assert caught.value.reason == Reason.WRONG_TYPE
    assert caught.value.branch == "event"


def test_a_missing_grouping_column_is_named(write: Write, tmp_path: Path) -> None:
    path = write(tmp_path / "a.root", rows([1, 1, 2]))
    schema = load_schema({**SCHEMA, "group_by": ["run", "evnt"]})
    for fault in (
        lambda: check_samples(schema, [Sample("toy", (path,))], BadInput()),
        lambda: read(path, group_by=["run", "evnt"]),
    ):
        with pytest.raises(InputError, match=r"evnt.*(?s:.*)event") as caught:
            fault()
        assert caught.value.reason == Reason.MISSING_BRANCH


@pytest.mark.parametrize("kept", ["contiguous", "any"])
def test_lists_in_a_flat_tree_are_an_error(write: Write, tmp_path: Path, kept: str) -> None:
    columns = rows([1, 1, 2], q=ak.Array([[1.0], [2.0, 3.0], []]))
    with pytest.raises(InputError, match="one number per entry, since in the flat") as caught:
        read(write(tmp_path / "a.root", columns), rows=kept)
    assert caught.value.reason == Reason.WRONG_TYPE
    assert caught.value.branch == "q"
    assert "layout: jagged" in str(caught.value)


def test_an_events_column_has_one_value_in_it(write: Write, tmp_path: Path) -> None:
    """The error's entry is the row with which the event begins, not the event's number."""
    energy = np.array([1.0, 1.0, 2.0, 2.0, 3.0, 4.0, 4.0, 5.0])
    path = write(tmp_path / "a.root", rows([1, 1, 2, 2, 3, 3, 3, 4], energy=energy))
    observers = {"energy": "energy"}
    with pytest.raises(InputError, match="one value for all hits of an event") as caught:
        read(path, observers=observers)
    assert caught.value.reason == Reason.NOT_CONSTANT
    assert (caught.value.branch, caught.value.entry) == ("energy", 4)
    store, table = read(path, "skip", observers=observers)
    assert store.events["energy"].tolist() == [1.0, 2.0, 5.0]
    assert store.events["event_id"][:, 1].tolist() == [0, 1, 3]
    assert [(row["unit"], row["reason"], row["count"]) for row in table] == [
        ("event", "differs within the event", 1)
    ]


@pytest.mark.parametrize(
    "used",
    [
        {"select": "energy > 0"},
        {"label": {"columns": "number", "classes": {"a": [0, 1, 2]}}},
        {"label": {"classes": {"a": "number < 100"}}},
        {"weight": "energy"},
        {"key": "number"},
        {"derive": {"more": "energy + 1"}, "observers": {"more": "more"}},
    ],
)
def test_wherever_a_column_is_an_events_it_is_one_value(
    write: Write, tmp_path: Path, used: dict[str, Any]
) -> None:
    """But for conditions, which must be equal for all hits, and not what they are made of."""
    number = np.array([1, 1, 2, 0])
    path = write(tmp_path / "a.root", rows([1, 1, 2, 2], number=number, energy=number - 0.5))
    if used.get("label", {}).get("columns") is None and "label" in used:
        assert len(read(path, **used)[0]) == 2
        return
    with pytest.raises(InputError) as caught:
        read(path, **used)
    assert (caught.value.reason, caught.value.entry) == (Reason.NOT_CONSTANT, 2)


def test_nan_is_one_value(write: Write, tmp_path: Path) -> None:
    energy = np.array([np.nan, np.nan, 1.0])
    store, _ = read(
        write(tmp_path / "a.root", rows([1, 1, 2], energy=energy)), observers={"energy": "energy"}
    )
    np.testing.assert_array_equal(store.events["energy"].numpy(), [np.nan, 1.0])


@pytest.mark.parametrize("kept", ["contiguous", "any"])
def test_entries_of_faults_are_rows(write: Write, tmp_path: Path, kept: str) -> None:
    columns = rows([1, 1, 1, 2, 2, 3])
    columns["q"][4] = np.inf
    with pytest.raises(InputError) as caught:
        read(write(tmp_path / "a.root", columns), rows=kept)
    assert (caught.value.reason, caught.value.entry) == (Reason.NOT_FINITE, 3)
    assert caught.value.branch == "q"


@pytest.mark.parametrize("kept", ["contiguous", "any"])
def test_an_empty_tree(write: Write, tmp_path: Path, kept: str) -> None:
    empty = {name: values[:0] for name, values in rows([1]).items()}
    path = write(tmp_path / "a.root", empty)
    with pytest.raises(InputError, match="the tree has no entries") as caught:
        read(path, rows=kept)
    assert caught.value.reason == Reason.NO_ENTRIES
    good = write(tmp_path / "good.root", rows([1]))
    bad = BadInput("skip")
    schema = load_schema({**SCHEMA, "rows": kept})
    assert len(read_samples(schema, [Sample("toy", (path, good))], bad)) == 1
    assert [(row["unit"], row["reason"]) for row in bad.table()] == [("file", "no entries")]


@pytest.mark.parametrize("kept", ["contiguous", "any"])
def test_one_event_by_number_and_by_key(write: Write, tmp_path: Path, kept: str) -> None:
    path = write(tmp_path / "a.root", rows([5, 5, 9, 2, 2]))
    schema = load_schema({**SCHEMA, "rows": kept, "key": "event"})
    for event, by_key in ((2, False), (2, True)):
        chunk = read_single(schema, ("toy",), path, event, by_key=by_key)
        assert chunk.hits["x"][:, 0].tolist() == [3.0, 4.0]
        assert chunk.entries.tolist() == [2]
        assert chunk.events["key"].tolist() == [2]


@pytest.mark.parametrize(
    ("update", "what"),
    [
        ({"group_by": []}, "expected group_by"),
        ({"group_by": ["run", "run"]}, "names a column twice: run, run"),
        ({"group_by": "id", "derive": {"id": "run * 1000 + event"}}, "group_by.*id"),
        ({"layout": "jagged"}, "group_by and rows are for `layout: flat`"),
        ({"layout": "jagged", "group_by": [], "rows": "any"}, "are for `layout: flat`"),
    ],
)
def test_what_a_schema_must_say(update: dict[str, Any], what: str) -> None:
    with pytest.raises(SchemaError, match=what):
        load_schema({**SCHEMA, **update})
