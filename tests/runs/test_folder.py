"""What is kept of a run's inputs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import yaml

from hitclr.config import make_settings
from hitclr.errors import CheckpointError, OutputError
from hitclr.io import Sample
from hitclr.runs.folder import (
    SETTINGS,
    Interrupted,
    claim_folder,
    clear_folder,
    describe_inputs,
    require_same_inputs,
    write_settings,
)


def test_inputs_that_change_are_noticed(tmp_path, toy_files):
    path = shutil.copy(toy_files["track"], tmp_path / "a.root")
    (tmp_path / "b.root").symlink_to(path)
    samples = [Sample("t", (tmp_path / "b.root", tmp_path / "gone.root"))]
    rows = describe_inputs(samples, [path])
    assert [row["file"] for row in rows] == [str(path), str(tmp_path / "gone.root"), str(path)]
    assert [row["sample"] for row in rows] == ["t", "t", "views.resimulate.deposits"]
    assert rows[0]["size"] == path.stat().st_size
    assert len(rows[0]["uuid"]) == 32
    assert rows[1] == {"sample": "t", "file": rows[1]["file"], "fault": "missing file"}
    assert describe_inputs(samples, [path]) == rows
    os.utime(path, ns=(0, 0))
    assert describe_inputs(samples, [path]) != rows


def test_settings_that_work_anywhere(tmp_path, toy_settings):
    names = ["a/*.root", "@a.txt", "https://Host/a.root", "root://host//a/*.root", "/b/a.root"]
    toy_settings = {**toy_settings, "data": {"samples": {"t": names}}}
    write_settings(tmp_path, make_settings(toy_settings), Path("/base"))
    written = yaml.safe_load((tmp_path / SETTINGS).read_text())
    assert written["data"]["samples"]["t"]["files"] == [
        "/base/a/*.root",
        "@/base/a.txt",
        *names[2:],
    ]
    assert written["data"]["cache"] is None
    for cache, expected in (("run", "run"), ("here", str(Path("here").absolute()))):
        settings = {**toy_settings, "data": {"samples": {"t": names}, "cache": cache}}
        write_settings(tmp_path, make_settings(settings), Path("/base"))
        assert yaml.safe_load((tmp_path / SETTINGS).read_text())["data"]["cache"] == expected


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("name", ["report", "logs", "results.json"])
def test_what_is_of_no_run_is_left_alone(tmp_path, toy_settings, name, overwrite):
    settings, out = make_settings(toy_settings), tmp_path / "out"
    claim = {"resume": False, "overwrite": overwrite}
    assert claim_folder(out, settings, tmp_path, **claim) is None
    (out / "my thesis.tex").touch()
    assert claim_folder(out, settings, tmp_path, **claim) is None
    (out / name).mkdir()
    with pytest.raises(OutputError, match=rf"has {name}, .* no run-settings.yaml .*\n  what to do"):
        claim_folder(out, settings, tmp_path, **claim)
    (out / "run-settings.yaml").touch()
    assert claim_folder(out, settings, tmp_path, **claim) is None
    clear_folder(out)
    assert [path.name for path in out.iterdir()] == ["my thesis.tex"]


def test_what_tells_that_a_run_was_there_is_deleted_last(tmp_path, monkeypatch):
    for name in ("model.ckpt", "run-settings.yaml", "results.json", "events.npz"):
        (tmp_path / name).touch()
    (tmp_path / "logs").mkdir()
    deleted = []
    monkeypatch.setattr(shutil, "rmtree", lambda path: deleted.append(path.name))
    monkeypatch.setattr(Path, "unlink", lambda path, missing_ok: deleted.append(path.name))
    clear_folder(tmp_path)
    assert deleted.index("logs") < deleted.index("model.ckpt") < deleted.index("run-settings.yaml")


def record(*inputs, schema="s"):
    return {"schema": schema, "class_names": [], "skipped": [], "inputs": list(inputs)}


def row(file, **marks):
    return {"sample": "t", "file": file, "size": 3, **marks}


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ([row("a"), row("b", size=4)], ["b (t): size 3 -> 4"]),
        ([row("a", uuid="u"), row("b")], ["a (t): uuid unknown -> u"]),
        ([row("a")], ["b (t): it is no longer among the files"]),
        ([row("a"), row("b"), row("c")], ["c (t): it is new among the files"]),
        ([row("b"), row("a")], ["the files come in another order"]),
        ([], ["a (t): it is no", "b (t): it is no"]),
        ([row("a"), row("b"), *map(row, "cdefghi")], ["g (t): it is new", "and 2 more"]),
    ],
)
def test_the_file_that_changed_is_named(tmp_path, now, words):
    run = Interrupted(tmp_path / "run" / "c" / "last.ckpt", record(row("a"), row("b")), 0, 0)
    require_same_inputs(run, record(row("a"), row("b")))
    with pytest.raises(CheckpointError, match="its inputs changed since it began\n") as caught:
        require_same_inputs(run, record(*now))
    for part in words:
        assert f"\n  {part}" in str(caught.value)
    with pytest.raises(CheckpointError, match="its schema and inputs changed"):
        require_same_inputs(run, record(*now, schema="other"))
    with pytest.raises(CheckpointError, match="its schema changed since it began\n  what to do"):
        require_same_inputs(run, record(row("a"), row("b"), schema="other"))
