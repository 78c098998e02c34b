"""One event by its number or key, under what a schema derives and selects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hitclr.errors import InputError, SettingsError
from hitclr.io import Reason, load_schema
from hitclr.io.reading import read_single

Write = Callable[..., Path]


@pytest.fixture
def columns(make_columns: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    made = make_columns(40, 6, "track")
    made["event"] = np.arange(100, 140, dtype=np.int64)
    made["energy"] = np.asarray(made["truth_energy"][:, 0])
    return made


def test_one_event_by_a_derived_key(
    toy_schema: dict[str, Any], write: Write, tmp_path: Path, columns: dict[str, Any]
) -> None:
    schema = load_schema({**toy_schema, "derive": {"id": "event * 2"}, "key": "id"})
    chunk = read_single(schema, ("toy",), write(tmp_path / "a.root", columns), 210, by_key=True)
    assert chunk.entries.tolist() == [5]


def test_the_one_event_of_a_key_is_that_which_select_keeps(
    toy_schema: dict[str, Any], write: Write, tmp_path: Path, columns: dict[str, Any]
) -> None:
    columns["event"][11] = columns["event"][2]
    columns["energy"][2] = -1
    schema = load_schema({**toy_schema, "select": "energy > 0", "key": "event"})
    path = write(tmp_path / "a.root", columns)
    with pytest.raises(SettingsError, match="select leaves event 2 out"):
        read_single(schema, ("toy",), path, 2)
    chunk = read_single(schema, ("toy",), path, 102, by_key=True)
    assert chunk.entries.tolist() == [11]


def test_what_is_not_there_is_said(
    toy_schema: dict[str, Any], write: Write, tmp_path: Path, columns: dict[str, Any]
) -> None:
    path = write(tmp_path / "a.root", columns)
    schema = load_schema({**toy_schema, "key": "event"})
    for event in (-1, 40):
        with pytest.raises(SettingsError, match=f"an entry from 0 to 39, got {event}"):
            read_single(schema, ("toy",), path, event)
    with pytest.raises(SettingsError, match="no event has the id 5 in event"):
        read_single(schema, ("toy",), path, 5, by_key=True)
    with pytest.raises(SettingsError, match="has no key"):
        read_single(load_schema(toy_schema), ("toy",), path, 5, by_key=True)


def test_its_fault_is_raised(
    toy_schema: dict[str, Any], write: Write, tmp_path: Path, columns: dict[str, Any]
) -> None:
    columns["energy"][7] = np.nan
    schema = load_schema({**toy_schema, "weight": "energy"})
    path = write(tmp_path / "a.root", columns)
    with pytest.raises(InputError) as caught:
        read_single(schema, ("toy",), path, 7)
    assert (caught.value.reason, caught.value.entry) == (Reason.NOT_FINITE, 7)
    assert read_single(schema, ("toy",), path, 8).entries.tolist() == [8]
