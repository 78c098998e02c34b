"""Columns that are looked up: positions of modules, numbers of runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest

from hitclr.errors import InputError
from hitclr.events import EventStore
from hitclr.io import BadInput, Reason, Sample, load_schema, read_samples

Write = Callable[..., Path]

FIRST = 800_000_000


@pytest.fixture
def columns(make_columns: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    made = make_columns(30, 4, "track")
    made["run"] = np.where(np.arange(30) < 20, 17, 18).astype(np.int32)
    return made


def geometry(**update: Any) -> dict[str, Any]:
    """Modules of two runs, which stand in other places."""
    modules = np.tile(np.arange(40), 2)
    run = np.repeat([17, 18], 40)
    return {
        "keys": {"run": run.tolist(), "hit_module": (FIRST + modules).tolist()},
        "columns": {
            "x": (modules + 0.5).tolist(),
            "y": (run * 1.0).tolist(),
            "z": (modules * run * 1.0).tolist(),
            "t0": (100.0 * modules).tolist(),
            "string": (modules // 8).tolist(),
        },
        **update,
    }


def schema_with(toy_schema: dict[str, Any], table: dict[str, Any], **update: Any) -> dict[str, Any]:
    return {
        **toy_schema,
        "tables": {"module": table},
        "derive": {"time": "hit_t + module.t0"},
        "positions": {"branches": ["module.x", "module.y", "module.z"], "unit": "m"},
        "features": [{"name": "t", "branch": "time", "unit": "ns", "relative_to": "minimum"}],
        "hit_columns": {"module": "hit_module", "string": "module.string"},
        **update,
    }


def read(schema: dict[str, Any], path: Path, policy: Any = "raise") -> tuple[EventStore, BadInput]:
    bad_input = BadInput(policy)
    return read_samples(load_schema(schema), [Sample("s", (path,))], bad_input), bad_input


def test_positions_and_times(
    toy_schema: dict[str, Any], write: Write, tmp_path: Path, columns: dict[str, Any]
) -> None:
    path = write(tmp_path / "a.root", columns)
    store, _ = read(schema_with(toy_schema, geometry()), path)
    number = ak.to_numpy(ak.flatten(columns["hit_module"])).astype(np.int64) - FIRST
    counts = ak.to_numpy(ak.num(columns["hit_module"]))
    run = np.repeat(columns["run"], counts)
    expected = np.stack([number + 0.5, run, number * run], axis=1)
    np.testing.assert_array_equal(store.hits["pos"], expected.astype(np.float32))
    assert store.hits["hit_string"].tolist() == (number // 8).tolist()
    times = ak.unflatten(ak.flatten(columns["hit_t"]) + 100.0 * number, counts)
    expected = ak.to_numpy(ak.flatten(times - ak.min(times, axis=1)))
    np.testing.assert_allclose(store.hits["x"][:, 0], expected, rtol=1e-6)


def test_one_number_for_each_event(
    toy_schema: dict[str, Any], write: Write, tmp_path: Path, columns: dict[str, Any]
) -> None:
    path = write(tmp_path / "a.root", columns)
    table = {"keys": {"run": [18, 17]}, "columns": {"livetime": [1.5, 2.5]}}
    update = {"tables": {"runs": table}, "observers": {"livetime": "runs.livetime"}}
    store, _ = read({**toy_schema, **update}, path)
    assert store.events["livetime"].tolist() == [2.5] * 20 + [1.5] * 10


def test_the_same_of_a_flat_tree(
    toy_schema: dict[str, Any], write: Write, tmp_path: Path, columns: dict[str, Any]
) -> None:
    counts = ak.to_numpy(ak.num(columns["hit_module"]))
    names = ("hit_t", "hit_module")
    flat = {name: ak.to_numpy(ak.flatten(columns[name])) for name in names}
    flat["run"] = np.repeat(columns["run"], counts)
    flat["event"] = np.repeat(np.arange(30), counts)
    made = schema_with(toy_schema, geometry(), observers={"run": "run"})
    jagged, _ = read(made, write(tmp_path / "a.root", columns))
    layout = {"layout": "flat", "group_by": "event"}
    store, _ = read({**made, **layout}, write(tmp_path / "b.root", flat))
    for name, column in jagged.hits.items():
        assert (store.hits[name] == column).all(), name


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"run": 19}, "run 19; the table has run 17, 18"),
        ({"module": FIRST + 40}, f"run 17, hit_module {FIRST + 40}"),
    ],
)
def test_what_has_no_row_is_at_fault(
    toy_schema: dict[str, Any],
    write: Write,
    tmp_path: Path,
    columns: dict[str, Any],
    change: dict[str, int],
    told: str,
) -> None:
    if "run" in change:
        columns["run"][[3, 5]] = change["run"]
    else:
        flat = ak.to_numpy(ak.flatten(columns["hit_module"])).copy()
        ptr = np.cumsum([0, *ak.num(columns["hit_module"])])
        flat[[ptr[4] - 1, ptr[5] + 1]] = change["module"]
        columns["hit_module"] = ak.unflatten(flat, np.diff(ptr))
    path = write(tmp_path / "a.root", columns)
    made = schema_with(toy_schema, geometry())
    with pytest.raises(InputError, match=told) as caught:
        read(made, path)
    assert caught.value.reason == Reason.NOT_IN_TABLE
    assert (caught.value.file, caught.value.tree) == (str(path), "events")
    assert caught.value.entry == 3
    assert "2 such entries" in str(caught.value)

    store, bad_input = read(made, path, "skip")
    assert store.events["event_id"][:, 1].tolist() == [n for n in range(30) if n not in (3, 5)]
    (row,) = bad_input.table()
    assert (row["reason"], row["count"]) == ("not in the table", 2)


def test_what_is_not_wanted_needs_no_row(
    toy_schema: dict[str, Any], write: Write, tmp_path: Path, columns: dict[str, Any]
) -> None:
    columns["run"][3] = 19
    path = write(tmp_path / "a.root", columns)
    store, bad_input = read(schema_with(toy_schema, geometry(), select="run < 19"), path)
    assert len(store) == 29
    assert {row["reason"] for row in bad_input.table()} <= {"deselected"}
    # A selection by what is looked up.
    store, _ = read(
        schema_with(toy_schema, geometry(), select="run < 19 and max(module.y) > 17"), path, "skip"
    )
    assert set(store.events["run"].tolist()) == {18}


def test_keys_are_integers(
    toy_schema: dict[str, Any], write: Write, tmp_path: Path, columns: dict[str, Any]
) -> None:
    path = write(tmp_path / "a.root", columns)
    table = {"keys": {"hit_q": [1]}, "columns": geometry()["columns"]}
    table["columns"] = {name: [1.0] for name in table["columns"]}
    made = schema_with(toy_schema, table, hit_columns={})
    with pytest.raises(InputError, match="expected integers, by which the table module") as caught:
        read(made, path)
    assert (caught.value.reason, caught.value.branch) == (Reason.WRONG_TYPE, "hit_q")


def test_keys_of_unequal_lengths_are_at_fault(
    toy_schema: dict[str, Any], write: Write, tmp_path: Path, columns: dict[str, Any]
) -> None:
    counts = ak.to_numpy(ak.num(columns["hit_module"])).copy()
    counts[7] -= 1
    columns["plane"] = ak.unflatten(np.full(int(counts.sum()), 17, dtype=np.int32), counts)
    path = write(tmp_path / "a.root", columns)
    table = geometry()
    table["keys"] = {"plane": table["keys"]["run"], "hit_module": table["keys"]["hit_module"]}
    with pytest.raises(InputError, match="a row of the table module") as caught:
        read(schema_with(toy_schema, table), path)
    assert (caught.value.reason, caught.value.entry) == (Reason.UNEQUAL_LENGTHS, 7)
