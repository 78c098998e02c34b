"""``hitclr simulate``, as a user meets it, with a detector from a plugin."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import uproot

HITCLR = [sys.executable, "-c", "from hitclr.cli import main; main()"]
TOY = Path(__file__).parents[1] / "runs" / "toy_detector.py"
COMMAND = ("simulate", "--detector", "toy", "--events", "30", "--energy", "5", "10")


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Where the toy detector is installed as the distribution hitclr-toy 1.0."""
    folder = tmp_path_factory.mktemp("plugin")
    (folder / TOY.name).write_text(TOY.read_text())
    info = folder / "hitclr_toy-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hitclr-toy\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[hitclr]\ntoys = toy_detector\n")
    return {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "100", "NO_COLOR": "1"}


@pytest.fixture
def run_here(monkeypatch, tmp_path):
    """The command in this process, where it fails before any work."""
    from typer.testing import CliRunner

    from hitclr.cli import app
    from hitclr.plugins import PluginInfo, Plugins

    monkeypatch.syspath_prepend(TOY.parent)
    monkeypatch.chdir(tmp_path)
    import toy_detector

    plugins = Plugins()
    plugins.add(toy_detector, PluginInfo("toys", "hitclr-toy", "1.0"))
    monkeypatch.setattr("hitclr.plugins.load_plugins", lambda: plugins)
    yield lambda *arguments: CliRunner().invoke(app, arguments)
    monkeypatch.delitem(sys.modules, "toy_detector")


def test_it_says_what_was_written_and_what_to_do_next(run_here, tmp_path):
    throws = ("--throw", "nominal", "--throw", "low-gain", "--set", "noise=2")
    files = ("--out", "{throw}.root", "--deposits", "d.root")
    done = run_here(*COMMAND, *throws, *files, "--particles", "muon, proton")
    assert done.exit_code == 0, done.output
    for part in (
        "Simulated 30 events",
        "events/s",
        "noise=2.root",
        "low-gain_noise=2.root",
        "fewer than 4 hits",
        "deposits: d.root",
        "Next: hitclr inspect noise=2.root",
    ):
        assert part in done.output
    with uproot.open(tmp_path / "low-gain_noise=2.root") as file:
        assert '"distribution": "hitclr-toy 1.0"' in file["simulation"]
        assert file["throw"].arrays().tolist() == [{"gain": 8.0, "noise": 2.0}]
        assert set(file["events/pdg"].array().tolist()) <= {13, -13, 2212}
    again = run_here(*COMMAND, *throws, *files)
    assert "noise=2.root, low-gain_noise=2.root exist already" in str(again.exception)
    # From the deposits alone: how many, which and from what seed is in the file.
    bare = ("simulate", "--detector", "toy", "--out", "noise=2.root", "--deposits", "d.root")
    done = run_here(*bare, "--overwrite")
    assert done.exit_code == 0, done.output
    assert "Simulated 30 events" in done.output
    assert "deposits:" not in done.output


@pytest.mark.parametrize("form", ["ttree", "rntuple"])
def test_inspect_shows_it(run_here, form):
    assert run_here(*COMMAND, "--out", "a.root", "--format", form).exit_code == 0
    shown = run_here("inspect", "a.root")
    assert shown.exit_code == 0, shown.output
    for part in ("pos x", "hits_x", "hits_charge", "label", "energy", "write-schema schema.yaml"):
        assert part in shown.output
    schema = run_here("inspect", "a.root", "--write-schema", "-").output
    assert "tree: events" in schema
    assert "branch: hits_charge" in schema


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--detector", "toi"], "Did you mean toy"),
        (["--throw", "low-gian"], "Did you mean low-gain"),
        (["--set", "gian=3"], "Did you mean gain"),
        (["--set", "gain=-3"], "expected a number between 0 and"),
        (["--set", "gain=nan"], "gain: expected a number"),
        (["--set", "gain"], "expected NAME=VALUE with a number, as in field=0.45, got 'gain'"),
        (["--set", "gain=high"], "got 'gain=high'"),
        (["--set", "gain=9", "--set", "gain=8"], "gain is set twice"),
        (["--format", "hdf5"], "--format: expected ttree or rntuple, got 'hdf5'"),
        (["--particles", "kaon"], "no particle is called 'kaon'"),
        (["--particles", ","], "at least one particle"),
        (["--events", "0"], "--events: expected"),
        (["--throw", "nominal", "--throw", "low-gain"], "{throw}"),
        (["--first-event", "7"], "multiple of 1000"),
        (["--processes", "0"], "--processes: expected 1"),
    ],
)
def test_arguments_that_cannot_be_used(run_here, tmp_path, arguments, part):
    from hitclr.errors import HitclrError

    result = run_here(*COMMAND, "--out", "a.root", *arguments)
    assert isinstance(result.exception, HitclrError), result.output
    assert part in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_defaults(run_here, tmp_path):
    result = run_here(*COMMAND, "--out", "a.root", "--format", "rntuple", "--processes", "1")
    assert result.exit_code == 0, result.output
    assert "nominal" in result.output
    with uproot.open("a.root") as file:
        assert file.classnames(cycle=False)["events"] == "ROOT::RNTuple"
        assert '"throw": "nominal"' in file["simulation"]
        assert '"seed": 1' in file["simulation"]


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")
def test_ctrl_c(environment, tmp_path):
    """Ctrl-C in a terminal reaches all processes; none stays, and no file does."""
    arguments = ("simulate", "--detector", "toy", "--events", "1000000", "--out", "a.root")
    process = subprocess.Popen(
        [*HITCLR, *arguments, "--processes", "2", "--energy", "5", "6", "--deposits", "d.root"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Shells start what runs in the background with the signal ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    part = tmp_path / ".d.root.part"
    deadline = time.monotonic() + 60
    try:
        while not (part.exists() and part.stat().st_size > 100_000):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130
    assert output.endswith("Interrupted: no file was written.\n")
    assert errors == ""
    assert list(tmp_path.iterdir()) == []
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("a process is still there")
