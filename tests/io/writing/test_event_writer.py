"""Events with lists, written chunk by chunk as a TTree or an RNTuple."""

from __future__ import annotations

import json

import awkward as ak
import numpy as np
import pytest
import uproot

from hitclr.errors import OutputError, SettingsError
from hitclr.io import EventWriter

FORMS = pytest.mark.parametrize("form", ["ttree", "rntuple"])


def events(numbers):
    return {"event": np.array(numbers, dtype=np.int64)}


def rows(values):
    values = np.array(values, dtype=np.float32)
    return {"x": values, "id": (10 * values).astype(np.int16)}


@FORMS
def test_chunks_come_back(tmp_path, form):
    path = tmp_path / "new" / "a.root"
    with EventWriter(path, "events", "hits", form) as writer:
        writer.extend(events([3, 1]), rows([0.5, 1.5]), np.array([0, 2]))
        writer.extend(events([]), rows([]), np.array([], dtype=np.int64))
        writer.extend(events([7]), rows([2.5, 3.5, 4.5]), np.array([3]))
        writer.put_metadata("about", {"a": [1, "b"]})
        writer.put_numbers("throw", {"gain": 0.1})
        writer.put_numbers("nothing", {})
        assert not path.exists()
    assert [p.name for p in path.parent.iterdir()] == ["a.root"]
    with uproot.open(path) as file:
        tree = file["events"]
        assert isinstance(tree, uproot.TTree) == (form == "ttree")
        assert set(tree.keys()) - {"nhits"} == {"event", "hits_x", "hits_id"}
        assert tree["event"].array().tolist() == [3, 1, 7]
        assert tree["hits_x"].array().tolist() == [[], [0.5, 1.5], [2.5, 3.5, 4.5]]
        assert tree["hits_id"].array().type.content.content == ak.types.NumpyType("int16")
        assert json.loads(file["about"]) == {"a": [1, "b"]}
        assert file["throw"]["gain"].array().tolist() == [0.1]
        assert "nothing" not in file


@FORMS
def test_no_events_at_all(tmp_path, form):
    with EventWriter(tmp_path / "a.root", "events", "hits", form) as writer:
        writer.extend(events([]), rows([]), np.array([], dtype=np.int64))
    with uproot.open(tmp_path / "a.root") as file:
        assert file["events"].num_entries == 0
        assert file["events"]["hits_x"].array().tolist() == []


@FORMS
def test_it_is_compressed(tmp_path, form):
    with EventWriter(tmp_path / "a.root", "events", "hits", form) as writer:
        writer.extend(events([1]), rows(np.zeros(100_000)), np.array([100_000]))
    assert (tmp_path / "a.root").stat().st_size < 60_000


def test_another_format(tmp_path):
    with pytest.raises(SettingsError, match="ttree or rntuple, got 'csv'"):
        EventWriter(tmp_path / "a.root", "t", "hits", "csv")
    assert list(tmp_path.iterdir()) == []


@FORMS
def test_a_failure_keeps_what_was_there(tmp_path, form):
    path = tmp_path / "a.root"
    path.write_text("old")
    writer = EventWriter(path, "events", "hits", form)
    writer.extend(events([1]), rows([0.5]), np.array([1]))
    with pytest.raises(KeyboardInterrupt), writer:
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.root"]


def test_a_folder_in_its_place(tmp_path):
    (tmp_path / "a.root").mkdir()
    with pytest.raises(OutputError, match="it is a folder"):
        EventWriter(tmp_path / "a.root", "t", "hits")
    assert [p.name for p in tmp_path.iterdir()] == ["a.root"]


def test_a_full_disk_at_the_end(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    writer = EventWriter(tmp_path / "a.root", "t", "hits")
    monkeypatch.setattr(writer._file, "close", full)
    with pytest.raises(OutputError, match="No space left on device"), writer:
        writer.extend(events([1]), rows([0.5]), np.array([1]))
    assert list(tmp_path.iterdir()) == []
