"""The command line, as a user meets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import uproot
import yaml

HITCLR = [sys.executable, "-c", "from hitclr.cli import main; main()"]


def hitclr(*arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, as ``hitclr_here`` does in this one."""
    return subprocess.run(
        [*HITCLR, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory, toy_settings):
    """A folder with a settings file whose paths are relative to it, as a user would have it."""
    folder = tmp_path_factory.mktemp("cli")
    for sample in toy_settings["data"]["samples"].values():
        (folder / Path(sample).name).write_bytes(Path(sample).read_bytes())
    samples = {name: f"{name}.ro*t" for name in toy_settings["data"]["samples"]}
    settings = {**toy_settings, "data": {**toy_settings["data"], "samples": samples}}
    settings["trainer"] = {"epochs": 2, "accelerator": "cpu"}
    (folder / "train.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    return folder


@pytest.fixture(scope="module")
def trained(folder):
    done = hitclr("train", "train.yaml", "out=run", cwd=folder)
    assert done.returncode == 0, done.stderr
    return done


def test_help_and_version(tmp_path, hitclr_here):
    help_text = hitclr_here("--help", cwd=tmp_path).stdout
    for command in ("inspect", "train", "embed", "simulate", "display", "plugins", "demo"):
        assert command in help_text
    assert hitclr("--version", cwd=tmp_path).stdout.startswith("hitclr 0.")


def test_help_is_quick_to_import(tmp_path):
    """The heavy packages are imported by the commands that need them, not by the command line."""
    code = "import sys, hitclr.cli; print([m for m in ('torch', 'lightning') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_training_says_what_it_read_how_it_went_and_where_things_are(folder, trained):
    out = trained.stdout
    for part in (
        "Read 120 events",
        "60 track, 60 shower",
        "Skipped: nothing",
        "epoch 1 of 2: train loss",
        "epoch 2 of 2",
        "balanced accuracy",
        "run/report/index.html",
    ):
        assert part in out
    assert (folder / "run" / "report" / "index.html").exists()
    assert "Traceback" not in trained.stderr
    assert "Warning" not in trained.stderr


def test_embedding(folder, trained, hitclr_here):
    command = ("embed", "run/model.ckpt", "track.root", "shower.root", "--out", "embedded.root")
    done = hitclr_here(*command, cwd=folder)
    assert done.returncode == 0, done.stderr
    with uproot.open(folder / "embedded.root") as file:
        assert file["hitclr"].num_entries == 120
    again = hitclr_here(*command, cwd=folder)
    assert again.returncode == 1
    assert "--overwrite" in again.stderr
    assert hitclr_here(*command, "--overwrite", cwd=folder).returncode == 0
    done = hitclr_here(*command[:-1], "embedded.parquet", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "embedded.parquet: one row for each entry of 2 file(s)" in done.stdout
    assert pq.read_metadata(folder / "embedded.parquet").num_rows == 120


def test_a_second_run_needs_a_word(folder, trained, hitclr_here):
    done = hitclr_here("train", "train.yaml", "out=run", cwd=folder)
    assert done.returncode == 1
    assert "--resume" in done.stderr
    assert hitclr_here("train", "train.yaml", "out=run", "--resume", cwd=folder).returncode == 0


def test_the_process_ends_with_an_error_and_without_a_traceback(tmp_path):
    done = hitclr("train", "gone.yaml", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: the settings file gone.yaml cannot be read")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["train", "gone.yaml"], ["gone.yaml cannot be read"]),
        (["train", "train.yaml", "trainer.epoch=3"], ["unknown key", "Did you mean epochs"]),
        (["train", "train.yaml", "data.samples.track=x.root"], ["no such file", "x.root"]),
        (["embed", "gone.ckpt", "track.root", "--out", "o.root"], ["there is no file gone.ckpt"]),
        (["embed", "g", "t", "--out", "o", "--on-bad-input", "x"], ["raise or skip, got 'x'"]),
        (["embed", "g", "t", "--out", "o.csv"], ["ends in .root or .parquet, got o.csv"]),
        (["inspect", "gone.root"], ["no such file"]),
        (["demo", "nothing"], ["no demo is called 'nothing'"]),
    ],
)
def test_errors_are_told_without_a_traceback(folder, hitclr_here, arguments, parts):
    done = hitclr_here(*arguments, cwd=folder)
    assert done.returncode == 1
    for part in parts:
        assert part in done.stderr
    assert "Traceback" not in done.stderr


def test_plugins_as_json_and_as_a_table(tmp_path, hitclr_here):
    infos = json.loads(hitclr_here("plugins", "--json", cwd=tmp_path).stdout)
    builtin = infos[0]
    assert builtin["name"] == "hitclr"
    assert "contrastive" in builtin["provides"]["methods"]
    assert "graph-convnext" in hitclr_here("plugins", cwd=tmp_path).stdout


def test_a_broken_plugin_does_not_stop_the_rest(tmp_path, folder, hitclr_here, monkeypatch):
    """Two distributions on the path: one cannot be imported, one takes a built-in's name."""
    for name, code in (
        ("broken", "import no_such_module_here"),
        (
            "thief",
            (
                "import hitclr\n@hitclr.hookimpl\ndef register_methods(registrar):\n"
                "    registrar.add('contrastive', int)\n"
            ),
        ),
    ):
        (tmp_path / f"{name}_plugin.py").write_text(code)
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[hitclr]\n{name} = {name}_plugin\n")
    monkeypatch.syspath_prepend(tmp_path)
    both = hitclr_here("plugins", cwd=tmp_path)
    assert both.returncode == 1
    text = " ".join(both.stdout.split())
    assert "two plugins register the method 'contrastive': 'hitclr' (hitclr 0.1.0) and" in text
    assert "'thief' (thief 1.0)" in text
    assert "plugin 'broken' (broken 1.0)" in text
    assert "what to do: install what it needs, or another version of broken" in text
    for name in ("broken", "thief"):
        assert text.count(f"hitclr --no-plugin {name}") == 1
    thief = {"HITCLR_DISABLE_PLUGINS": "thief"}
    listed = json.loads(hitclr_here("plugins", "--json", cwd=tmp_path, **thief).stdout)
    errors = {info["name"]: info["error"] for info in listed}
    assert "no_such_module_here" in errors["broken"]
    assert "disabled" in errors["thief"]
    run = f"out={tmp_path / 'run'}"
    trained = hitclr_here("train", "train.yaml", run, "trainer.epochs=1", cwd=folder, **thief)
    assert trained.returncode == 0, trained.stderr


def test_demo_without_a_plugin_that_brings_one(tmp_path, hitclr_here):
    done = hitclr_here("demo", cwd=tmp_path, HITCLR_DISABLE_PLUGINS="km3net")
    assert done.returncode == 1
    assert "pip install 'hitclr-km3net[demo]'" in done.stderr
