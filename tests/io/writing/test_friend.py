"""The friend tree that results are written to."""

from __future__ import annotations

import json

import numpy as np
import pytest
import uproot

from hitclr.errors import OutputError
from hitclr.io import FriendWriter

BRANCHES = {"id": ("<i8", (2,)), "vector": ("<f4", (3,)), "status": ("<i1", ())}


def rows(number, offset=0):
    return {
        "id": np.arange(offset, offset + 2 * number).reshape(number, 2),
        "vector": np.full((number, 3), 0.5, dtype=np.float32),
        "status": np.zeros(number, dtype=np.int8),
    }


def test_rows_come_back(tmp_path):
    path = tmp_path / "deep" / "out.root"
    with FriendWriter(path, "hitclr", BRANCHES, {"classes": ["a"]}) as writer:
        writer.extend(rows(4))
        assert not path.exists()
        writer.extend(rows(2, offset=8))
    with uproot.open(path) as file:
        tree = file["hitclr"]
        assert tree.num_entries == 6
        assert tree["id"].array(library="np").tolist() == np.arange(12).reshape(6, 2).tolist()
        assert tree["vector"].array(library="np").shape == (6, 3)
        assert json.loads(file["hitclr_info"]) == {"classes": ["a"]}
    assert [p.name for p in path.parent.iterdir()] == ["out.root"]


def test_a_failure_leaves_nothing_behind(tmp_path):
    path = tmp_path / "out.root"
    with (
        pytest.raises(ValueError, match="same number of entries"),
        FriendWriter(path, "t", BRANCHES, {}) as writer,
    ):
        writer.extend({**rows(4), "status": np.zeros(3, dtype=np.int8)})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written(tmp_path):
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(OutputError, match="what to do"):
        FriendWriter(blocked / "out.root", "t", BRANCHES, {})


def test_a_full_disk(monkeypatch, tmp_path):
    def full(*_):
        raise OSError(28, "No space left on device")

    writer = FriendWriter(tmp_path / "out.root", "t", BRANCHES, {})
    monkeypatch.setattr(writer._file["t"], "extend", full)
    with pytest.raises(OutputError, match="No space left on device"), writer:
        writer.extend(rows(1))
    assert list(tmp_path.iterdir()) == []
