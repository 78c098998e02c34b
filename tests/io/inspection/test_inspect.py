"""Summaries of ROOT files: what was written is what is told, and nothing odd stops them."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
import uproot

from hitclr.errors import InputError
from hitclr.io.inspection.inspect import Look, summarise_file


@pytest.fixture
def columns():
    random = np.random.default_rng(5)
    counts = random.integers(0, 6, 30)
    values = random.normal(size=counts.sum())
    values[[3, 7, 11]] = np.nan
    values[[4, 8]] = np.inf, -np.inf
    return {
        "hits.q": ak.unflatten(values, counts),
        "hits.id": ak.unflatten(np.arange(counts.sum(), dtype=np.uint32), counts),
        "run": np.full(30, 7, dtype=np.int32),
        "good": random.integers(0, 2, 30).astype(bool),
    }


def branches(path, tree="events"):
    summary = summarise_file(path)
    (found,) = [t for t in summary.trees if t.path == tree]
    return {branch.name: branch for branch in found.branches}


def test_look_equals_numpy(tmp_path, columns, write):
    found = branches(write(tmp_path / "a.root", columns))
    flat = np.asarray(ak.flatten(columns["hits.q"]))
    finite = flat[np.isfinite(flat)]
    look = found["hits.q"].look
    assert look == Look(30, flat.size, finite.min(), finite.max(), nan=3, infinite=2)
    assert look.per_entry == pytest.approx(flat.size / 30)
    assert not look.constant
    assert look.range == f"{finite.min():.5g} to {finite.max():.5g}, 3 NaN, 2 inf"
    ids = found["hits.id"].look
    assert (ids.minimum, ids.maximum) == (0, flat.size - 1)
    assert isinstance(ids.maximum, int)
    assert found["run"].look.constant
    assert found["run"].look.range == "always 7"


def test_types_and_shapes_in_words(tmp_path, columns, write):
    found = branches(write(tmp_path / "a.root", columns))
    told = {name: (b.type, b.shape, b.dtype) for name, b in found.items()}
    assert told["hits.q"] == ("vector<double>", "list", "float64")
    assert told["hits.id"] == ("vector<uint32>", "list", "uint32")
    assert told["run"] == ("int32", "one", "int32")
    assert told["good"] == ("bool", "one", "bool")
    assert told["n_hits.q"] == ("int32", "one", "int32")
    assert {name for name, b in found.items() if b.counter} == {"n_hits.q", "n_hits.id"}


def test_rntuple_with_structures(tmp_path):
    hits = ak.Array([[{"x": 1.0, "n": 1}, {"x": 2.0, "n": 5}], [{"x": 3.0, "n": 3}]])
    columns = {
        "hits": hits,
        "nested": ak.Array([[[1.0], [2.0, 3.0]], []]),
        "vertex": ak.zip({"x": np.array([1.0, 2.0]), "y": np.array([3.0, 4.0])}),
        "fixed": np.ones((2, 3), dtype=np.float32),
        "text": ak.Array(["a", "bb"]),
    }
    with uproot.recreate(tmp_path / "a.root") as file:
        file.mkrntuple("folder/events", columns)
    summary = summarise_file(tmp_path / "a.root")
    assert [(t.path, t.kind, t.entries) for t in summary.trees] == [("folder/events", "RNTuple", 2)]
    found = branches(tmp_path / "a.root", "folder/events")
    told = {name: (b.type, b.shape, b.dtype) for name, b in found.items()}
    assert told["hits"] == told["vertex"] == ("group", "structure", "")
    assert told["hits.x"] == ("vector<double>", "list", "float64")
    assert told["hits.n"] == ("vector<int64>", "list", "int64")
    assert told["vertex.y"] == ("double", "one", "float64")
    assert told["nested"] == ("vector<vector<double>>", "nested", "float64")
    assert told["fixed"] == ("float[3]", "list", "float32")
    assert told["text"] == ("string", "one", "")
    assert found["hits.n"].look == Look(2, 3, 1, 5)
    assert found["nested"].look == Look(2, 3, 1.0, 3.0)
    assert found["text"].look is None
    assert [b.name for b in summary.trees[0].hit_lists] == ["hits.x", "hits.n"]


def test_no_more_than_the_first_thousand_entries_are_read(tmp_path, write):
    values = np.zeros(1500)
    values[999], values[1000] = 1.0, 99.0
    found = branches(write(tmp_path / "a.root", {"v": values}))
    assert found["v"].look == Look(1000, 1000, 0.0, 1.0)


def test_large_entries_are_read_in_small_number(tmp_path, write, monkeypatch):
    monkeypatch.setattr("hitclr.io.inspection.inspect._BYTES", 8000)
    lists = ak.unflatten(np.arange(10000.0), 100)
    found = branches(write(tmp_path / "a.root", {"hit_x": lists, "run": np.arange(100)}))
    assert 5 <= found["hit_x"].look.entries <= 10  # 800 bytes an entry, and offsets
    assert found["run"].look.entries == 100


def test_tree_without_entries(tmp_path, columns, write):
    empty = {name: values[:0] for name, values in columns.items()}
    path = write(tmp_path / "a.root", empty)
    assert summarise_file(path).trees[0].entries == 0
    found = branches(path)
    assert found["hits.q"].type == "vector<double>"
    assert found["hits.q"].look == Look(0, 0, None, None)
    assert found["hits.q"].look.per_entry == 0
    assert found["hits.q"].look.range == "no values"


def test_file_without_trees(tmp_path):
    with uproot.recreate(tmp_path / "a.root") as file:
        file["histogram"] = np.histogram([1.0, 2.0])
    assert summarise_file(tmp_path / "a.root").trees == ()


def test_unreadable_branch_is_told_and_the_others_are_read(tmp_path, write):
    path = write(tmp_path / "a.root", {"bad": np.zeros(4000), "fine": np.arange(4000)})
    with uproot.open(path) as file:
        start = int(file["events"]["bad"].member("fBasketSeek")[0])
    raw = bytearray(path.read_bytes())
    key = int.from_bytes(raw[start + 14 : start + 16], "big")
    raw[start + key + 9 : start + key + 29] = bytes(20)
    path.write_bytes(raw)
    found = branches(path)
    assert (found["bad"].type, found["bad"].shape) == ("unsupported", "unreadable")
    assert found["bad"].look is None
    assert "its type double" in found["bad"].problem
    assert "error" in found["bad"].problem
    assert found["fine"].look == Look(1000, 1000, 0, 999)
    assert not found["fine"].problem


def test_files_that_are_none(tmp_path, columns, write):
    whole = write(tmp_path / "a.root", columns).read_bytes()
    for name, content, message in (
        ("cut.root", whole[: len(whole) // 2], "damaged or cut short"),
        ("empty.root", b"", "empty"),
        ("text.root", b"hello there", "starts with b'hell'"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(InputError, match=message):
            summarise_file(path)
    with pytest.raises(InputError, match="no such file"):
        summarise_file(tmp_path / "missing.root")


def test_damaged_rntuple_is_an_input_error(tmp_path):
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        file.mkrntuple("events", {"v": np.arange(4.0)})
    with uproot.open(path) as file:
        seek = int(file["events"].member("fSeekHeader"))
    raw = bytearray(path.read_bytes())
    raw[seek + 20 : seek + 60] = bytes(40)
    path.write_bytes(raw)
    with pytest.raises(InputError, match="damaged or cut short") as caught:
        summarise_file(path)
    assert caught.value.tree == "events"
