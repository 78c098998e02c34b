"""What is kept of a run's inputs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import yaml

from hitclr.config import make_settings
from hitclr.io import Sample
from hitclr.runs.folder import SETTINGS, describe_inputs, write_settings


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
