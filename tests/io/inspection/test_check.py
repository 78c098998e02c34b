"""Checking a schema against files: every number by another way, every fault counted and told."""

from __future__ import annotations

import dataclasses

import awkward as ak
import numpy as np
import pytest

from hitclr.errors import MissingExtraError
from hitclr.io import Reason, load_schema, read_samples
from hitclr.io.inspection import check, check_schema, iterate_checks
from hitclr.io.policy import BadInput
from hitclr.io.reading import Sample, iterate

RULE = {"columns": "pdg", "classes": {"track": [13, -13], "shower": [11, -11]}}


@pytest.fixture
def schema(toy_schema):
    """Two classes, a selection, and all kinds of columns."""
    selection = [{"branch": "hit_q", "min": 0.5}]
    return load_schema(toy_schema | {"label": RULE, "select_hits": selection})


@pytest.fixture
def small_chunks(monkeypatch):
    """Several chunks for each of the small files."""
    monkeypatch.setattr(iterate, "_CHUNK_BYTES", 4000)


def change(columns, branch, entry, values):
    """Other values in one entry of a column."""
    lists = ak.to_list(columns[branch])
    lists[entry] = values(lists[entry]) if callable(values) else values
    columns[branch] = ak.Array(lists)


def by_name(found):
    return {column.name: column for column in found.columns}


@pytest.fixture
def faulty(tmp_path, make_columns, write):
    """40 showers: 3 without hits, 2 not finite, 1 of no class; 2 without an energy."""
    columns = make_columns(40, 3, "shower")
    with_hits = ~np.isin(np.arange(40), [4, 21, 39])
    for name, values in columns.items():
        if name.startswith("hit_"):
            columns[name] = values[ak.broadcast_arrays(with_hits, values)[0]]
    change(columns, "hit_q", 7, lambda hits: [2.0] * len(hits))
    change(columns, "hit_t", 7, lambda hits: [np.nan, *hits[1:]])
    change(columns, "hit_q", 30, lambda hits: [2.0] * len(hits))
    change(columns, "hit_x", 30, lambda hits: [*hits[:-1], np.inf])
    columns["pdg"][12] = 22
    for entry in (0, 25):
        change(columns, "truth_energy", entry, [])
    return write(tmp_path / "faulty.root", columns)


def test_every_number_is_that_of_the_events_in_training(schema, toy_files, small_chunks):
    files = list(toy_files.values())
    found = check_schema(schema, files)
    assert len(list(iterate_checks(schema, files))) > 2 * len(files)
    store = read_samples(schema, [Sample("all", tuple(files))], BadInput())
    assert found.fits
    assert found.schema == "toy"
    assert (found.entries, found.events, found.unselected) == (120, 120, 0)
    assert found.classes == {"track": 60, "shower": 60}
    assert [(file.file, file.total, file.events) for file in found.files] == [
        (str(file), 60, 60) for file in files
    ]
    counts = store.ptr.diff().numpy()
    values, events = np.unique(counts, return_counts=True)
    assert found.hits.events == dict(zip(values.tolist(), events.tolist(), strict=True))
    columns = {
        **dict(zip("xyz", store.hits["pos"].numpy().T, strict=True)),
        **dict(zip(schema.feature_names, store.hits["x"].numpy().T, strict=True)),
        "module": store.hits["hit_module"].numpy(),
        "run": store.events["run"].numpy(),
        "energy": store.events["energy"].numpy(),
    }
    assert set(by_name(found)) == set(columns)
    for name, expected in columns.items():
        column = by_name(found)[name]
        assert (column.values, column.nan, column.infinite) == (expected.size, 0, 0)
        assert (column.minimum, column.maximum) == (expected.min(), expected.max())
        assert column.mean == pytest.approx(expected.mean(dtype=np.float64), rel=1e-12, abs=1e-12)
        assert column.deviation == pytest.approx(
            expected.astype(np.float64).std(), rel=1e-10, abs=1e-12
        )
        assert column.constant == (name == "run")
    assert {name: column.role for name, column in by_name(found).items()} == {
        **dict.fromkeys("xyz", "position"),
        "charge": "feature",
        "t": "feature",
        "module": "hit column",
        "run": "event",
        "energy": "event",
    }
    units = {name: column.unit for name, column in by_name(found).items() if column.unit}
    assert units == {"x": "cm", "y": "cm", "z": "cm", "charge": "pe", "t": "ns"}


def test_chunks_make_no_difference(schema, toy_files, faulty, small_chunks, monkeypatch):
    files = [*toy_files.values(), faulty]
    pieces = check_schema(schema, files)
    monkeypatch.undo()
    whole = check_schema(schema, files)
    assert pieces.files == whole.files
    assert pieces.hits == whole.hits
    assert (pieces.classes, pieces.left_out) == (whole.classes, whole.left_out)
    for one, other in zip(pieces.columns, whole.columns, strict=True):
        assert (one.minimum, one.maximum, one.values) == (
            other.minimum,
            other.maximum,
            other.values,
        )
        assert one.deviation == pytest.approx(other.deviation, rel=1e-9, abs=1e-12)


def test_faults_are_counted_by_reason_with_the_first_of_each(schema, faulty, small_chunks):
    found = check_schema(schema, [faulty])
    assert not found.fits
    (file,) = found.files
    assert file.faults == {"no hits": 3, "not finite": 2, "unknown label": 1}
    assert (file.entries, file.events, file.total, file.error) == (40, 34, 40, "")
    assert not file.good
    faults = {fault.reason: fault for fault in found.faults}
    assert {reason: fault.count for reason, fault in faults.items()} == file.faults
    assert {reason: fault.entry for reason, fault in faults.items()} == {
        "no hits": 4,
        "not finite": 7,
        "unknown label": 12,
    }
    fault = faults["not finite"]
    assert (fault.unit, fault.file, fault.branch) == ("entry", str(faulty), "hit_t")
    assert "what to do" in fault.message
    assert found.classes == {"track": 0, "shower": 34}
    assert found.left_out == {"track": 0, "shower": 5}
    assert found.unknown == 1
    assert found.empty_classes == ("track",)
    energy = by_name(found)["energy"]
    assert (energy.values, energy.nan, energy.constant) == (32, 2, False)


def test_what_is_wrong_with_files_is_told_once_for_each_kind(
    schema, tmp_path, toy_files, make_columns, write
):
    columns = make_columns(5, 1, "track")
    whole = write(tmp_path / "whole.root", columns)
    cut = tmp_path / "cut.root"
    cut.write_bytes(whole.read_bytes()[:-900])
    for name in ("hit_q", "hit_t"):
        write(tmp_path / f"no_{name}.root", {n: c for n, c in columns.items() if n != name})
    write(tmp_path / "again.root", {n: c for n, c in columns.items() if n != "hit_t"})
    empty = write(tmp_path / "empty.root", {n: c[:0] for n, c in columns.items()})
    names = ["no_hit_q", "no_hit_t", "cut", "again", "gone"]
    files = [tmp_path / f"{name}.root" for name in names]
    found = check_schema(schema, [*files, empty, *toy_files.values()])
    assert not found.fits
    assert (found.entries, found.events) == (120, 120)
    assert [file.reason for file in found.files] == [
        "missing branch", "missing branch", "damaged file", "missing branch", "missing file",
        "no entries", "", "",
    ]  # fmt: skip
    assert [bool(file.error) for file in found.files] == [True] * 6 + [False] * 2
    assert str(files[3]) in found.files[3].error
    told = [(fault.unit, fault.reason, fault.branch, fault.count) for fault in found.faults]
    assert told == [
        ("file", "missing branch", "hit_q", 1),
        ("file", "missing branch", "hit_t", 2),
        ("file", "damaged file", None, 1),
        ("file", "missing file", None, 1),
        ("file", "no entries", None, 1),
    ]
    assert found.faults[1].file == str(files[1])


def test_a_file_that_breaks_off_is_left_out_whole(schema, toy_files, small_chunks, monkeypatch):
    broken, good = toy_files.values()
    real = check.iterate_file

    def breaking(schema, labelling, classes, file):
        for number, chunk in enumerate(real(schema, labelling, classes, file)):
            if file == broken and number == 2:
                message = "a basket\n  what to do: copy it again"
                raise MissingExtraError(message)
            yield chunk

    monkeypatch.setattr(check, "iterate_file", breaking)
    steps = list(iterate_checks(schema, [broken, good]))
    assert 0 < steps[0].events < steps[1].events < 60
    assert steps[2].events == 0
    found = steps[-1]
    assert found.events == 60
    assert found.hits == check_schema(schema, [good]).hits
    assert found.files[0].error == "a basket\n  what to do: copy it again"
    assert found.files[0].reason == "cannot be read"
    assert found.files[0].entries == 0


def test_one_who_breaks_off_has_what_was_found(schema, toy_files, small_chunks):
    first = next(iterate_checks(schema, list(toy_files.values())))
    (file,) = first.files
    assert 0 < file.stop < file.total == 60
    assert (file.entries, file.good, first.fits) == (file.stop, False, False)
    assert len(first.hits) == first.events == file.stop


def test_one_file_twice_is_two_files(schema, toy_files):
    file = toy_files["track"]
    found = check_schema(schema, [file, file])
    assert [one.events for one in found.files] == [60, 60]


def test_without_a_label_there_are_no_classes(toy_schema, toy_files):
    found = check_schema(load_schema(toy_schema), [toy_files["track"]])
    assert (found.classes, found.left_out, found.empty_classes) == ({}, {}, ())
    assert found.fits


def test_observers_must_be_there_as_for_labelled_samples(toy_schema, tmp_path, make_columns, write):
    columns = make_columns(5, 1, "track")
    del columns["run"]
    found = check_schema(load_schema(toy_schema), [write(tmp_path / "a.root", columns)])
    assert found.files[0].reason == Reason.MISSING_BRANCH


def test_what_the_schema_deselects_is_no_fault(toy_schema, toy_files):
    some = load_schema(toy_schema | {"label": RULE, "select": "pdg > 0"})
    found = check_schema(some, list(toy_files.values()))
    assert found.fits
    assert found.unselected == 120 - found.events > 0
    assert found.faults == ()
    assert found.left_out == {"track": 0, "shower": 0}
    assert [file.entries for file in found.files] == [60, 60]
    none = load_schema(toy_schema | {"select": "pdg > 100"})
    assert not check_schema(none, list(toy_files.values())).fits


def test_key_weight_and_axis(toy_schema, toy_files):
    more = {"key": "pdg", "weight": {"branch": "truth_energy", "index": 0}, "axis": [0, 0, 1]}
    columns = by_name(check_schema(load_schema(toy_schema | more), [toy_files["track"]]))
    assert "key" in columns
    assert columns["weight"].role == "event"
    assert not [name for name in columns if name.startswith("axis")]


def test_columns_with_several_values_are_told_one_by_one(toy_schema, toy_files, monkeypatch):
    real = check.iterate_file

    def wider(*arguments):
        for chunk in real(*arguments):
            vectors = np.tile([1.0, 2.0, np.inf], (len(chunk.entries), 1))
            events = {**chunk.events, "vertex": vectors}
            yield dataclasses.replace(chunk, events=events)

    monkeypatch.setattr(check, "iterate_file", wider)
    columns = by_name(check_schema(load_schema(toy_schema), [toy_files["track"]]))
    means = [columns[f"vertex[{place}]"].mean for place in range(2)]
    assert means == [1.0, 2.0]
    assert columns["vertex[2]"].infinite == 60


def test_progress(schema, toy_files):
    seen = []
    check_schema(schema, list(toy_files.values()), progress=lambda *told: seen.append(told))
    assert seen == [(str(file), 60, 60) for file in toy_files.values()]


def test_no_files_fit_nothing(schema):
    found = check_schema(schema, [])
    assert (found.fits, found.entries) == (False, 0)


def test_a_class_without_events_does_not_fit(schema, toy_files):
    found = check_schema(schema, [toy_files["track"]])
    assert found.files[0].good
    assert (found.empty_classes, found.fits) == (("shower",), False)
