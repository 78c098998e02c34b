"""Files that are there as a whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from hitclr.errors import OutputError
from hitclr.io.whole_file import whole_file, write_arrays, write_json


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_json_and_arrays(tmp_path):
    path = tmp_path / "made" / "a.json"
    write_json(path, {"a": [1.5, float("nan"), (float("inf"), "é")]})
    assert json.loads(path.read_text("utf-8")) == {"a": [1.5, None, [None, "é"]]}
    write_arrays(tmp_path / "a.npz", {"x": np.arange(3)})
    with np.load(tmp_path / "a.npz") as arrays:
        assert arrays["x"].tolist() == [0, 1, 2]
    assert names(tmp_path) == ["a.npz", "made"]


def test_names_of_files_that_are_no_utf8(tmp_path):
    name = os.fsdecode(b"m\xe4rz.root")
    write_json(tmp_path / "a.json", {"file": name})
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == {"file": name}


def test_what_was_there_stays_when_the_block_fails(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail():
        with whole_file(path) as part:
            part.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_full_disk_is_told_with_advice(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    write_json(path, {"old": 1})

    def full(self, *_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OutputError, match=r"a\.json: No space left[^\n]*\n.*the disk has room"):
        write_json(path, {"new": 1})
    assert json.loads(path.read_text()) == {"old": 1}


def test_what_json_does_not_have_leaves_the_file_as_it_was(tmp_path):
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"a": object()})
    assert names(tmp_path) == []
