"""Two calls of `hitclr study` on one folder at the same time."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from hitclr.errors import OutputError
from hitclr.runs.study import cell as cell_module
from hitclr.runs.study import prepare_study, run_study
from hitclr.runs.study.inputs import simulate_inputs
from hitclr.runs.study.locks import locked

HOLD = """
import sys
from pathlib import Path
from hitclr.runs.study.locks import locked
with locked(Path(sys.argv[1])) as held:
    print(held, flush=True)
    sys.stdin.read()
"""


@contextmanager
def another(folder):
    """Another process that holds the lock of a folder, until it is told to end."""
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"True\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def study(make_study, plugins, tmp_path, monkeypatch):
    monkeypatch.setattr(cell_module, "load_plugins", lambda disabled: plugins)
    methods = {"one": "classifier", "two": "classifier"}
    made = make_study(methods=methods, seeds=(1,))
    return prepare_study(made, plugins, tmp_path / "out", base=tmp_path)


def test_a_cell_that_another_call_runs_is_left_to_it(study, plugins, monkeypatch):
    monkeypatch.setattr(cell_module, "_PATIENCE", 0.1)
    theirs, own = study.cells
    with another(study.out / "cells" / theirs.name):
        failures = run_study(study, plugins, threads=1)
    assert [failure.cell for failure in failures] == [theirs]
    assert failures[0].elsewhere
    assert failures[0].message == "another call of `hitclr study` runs it"
    assert not (study.out / "cells" / theirs.name / "cell.log").exists()
    assert (study.out / "cells" / own.name / "cell.json").exists()
    assert run_study(study, plugins, threads=1) == (), "its lock ended with the other process"


def test_what_begins_with_a_cell_that_another_call_runs_is_left_too(
    make_study, plugins, tmp_path, monkeypatch
):
    monkeypatch.setattr(cell_module, "load_plugins", lambda disabled: plugins)
    monkeypatch.setattr(cell_module, "_PATIENCE", 0.1)
    methods = {"one": "classifier", "two": {"method": "classifier", "begin_with": "one"}}
    made = make_study(methods=methods, seeds=(1,))
    study = prepare_study(made, plugins, tmp_path / "out", base=tmp_path)
    theirs, later = study.cells
    with another(study.out / "cells" / theirs.name):
        failures = run_study(study, plugins, threads=1)
    assert [(failure.cell, failure.elsewhere) for failure in failures] == [
        (theirs, True),
        (later, True),
    ]
    assert failures[1].message.endswith(f"runs {theirs.name}, which it begins with")
    assert run_study(study, plugins, threads=1) == ()


def test_a_cell_that_was_done_meanwhile_is_not_run_again(study, plugins, monkeypatch):
    asked = []
    run_cell = cell_module.run_cell
    monkeypatch.setattr("hitclr.runs.study.run.run_cell", lambda job: asked.append(job) or job.cell)
    assert run_study(study, plugins, threads=1) == ()
    job = asked[0]
    assert run_cell(job) == job.cell
    monkeypatch.setattr(cell_module, "_run", lambda *_: pytest.fail("it was run again"))
    assert run_cell(job) == job.cell
    folder = study.out / "cells" / job.cell.name
    table = (folder / "cell.json").read_text()
    (folder / "cell.json").write_text(table.replace(job.fingerprint, "of other settings"))
    with pytest.raises(pytest.fail.Exception):
        run_cell(job)


def test_events_are_simulated_by_one_call(study, plugins, caplog):
    """The second one waits, says so, and takes the files of the first."""
    with another(study.out / "data") as process, ThreadPoolExecutor(1) as pool:
        call = pool.submit(
            simulate_inputs, study.settings, study.inputs, plugins, study.out, processes=1
        )
        with pytest.raises(TimeoutError):
            call.result(3)
        assert "waiting" in caplog.text
        assert not (study.out / "data" / "train").exists()
        process.kill()
        call.result(60)
    assert len(list((study.out / "data").rglob("*.root"))) == 4


def test_a_folder_that_cannot_be_written_to(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(OutputError, match=r"cannot write .*file/inner"),
        locked(tmp_path / "file" / "inner"),
    ):
        pytest.fail("there is no such folder")
