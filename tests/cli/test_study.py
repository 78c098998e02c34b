"""``hitclr study`` and ``hitclr report``, as a user meets them."""

from __future__ import annotations

import functools
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from hitclr.runs.study import cell as cell_module
from hitclr.runs.study.locks import locked

HITCLR = [sys.executable, "-c", "from hitclr.cli import main; main()"]
TOY = Path(__file__).parents[1] / "runs" / "toy_detector.py"
STUDY = {
    "title": "toy [bold]",
    "detector": "toy",
    "simulation": {"train": 60, "test": 30, "energy": [5, 10]},
    "domains": ["nominal"],
    "throws": {"nominal": "nominal", "low": {"set": {"gain": 8.0}}},
    "settings": {
        "encoder": {"name": "pointnet", "size": "tiny"},
        "trainer": {"epochs": 1, "accelerator": "cpu"},
        "data": {"batch_size": 16},
    },
    "methods": {
        "further": {"method": "dann", "target": ["low"], "begin_with": "classifier"},
        "classifier": "classifier",
        "dann": {"method": "dann", "target": ["low"]},
    },
    "seeds": [1],
    "sizes": {"more": {"seeds": [1, 2]}},
}


@pytest.fixture
def installed(tmp_path):
    """Where the toy detector is, as the distribution hitclr-toy 1.0; beside it the study."""
    plugin = tmp_path / "plugin"
    info = plugin / "hitclr_toy-1.0.dist-info"
    info.mkdir(parents=True)
    (plugin / TOY.name).write_text(TOY.read_text())
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hitclr-toy\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[hitclr]\ntoys = toy_detector\n")
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(STUDY))
    return plugin


@pytest.fixture
def here(hitclr_here, installed, tmp_path, monkeypatch):
    """The command in this process."""
    monkeypatch.syspath_prepend(installed)
    yield functools.partial(hitclr_here, cwd=tmp_path)
    sys.modules.pop(TOY.stem, None)


@pytest.fixture
def hitclr(installed, tmp_path):
    """The command in a process of its own."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(installed),
        "COLUMNS": "100",
        "NO_COLOR": "1",
        "OMP_NUM_THREADS": "1",
    }

    def run(*arguments, popen=False):
        options = {"cwd": tmp_path, "env": environment, "text": True}
        command = [*HITCLR, *arguments]
        if popen:
            return subprocess.Popen(command, stdout=subprocess.PIPE, **options)
        return subprocess.run(command, capture_output=True, check=False, **options)

    return run


def scores(folder):
    content = json.loads((folder / "study.json").read_text())
    return [
        (row["method"], row["seed"], row["throw"], row["metric"], row["value"])
        for row in content["scores"]
    ]


def test_a_cell_that_another_call_runs_is_no_failure(here, tmp_path, monkeypatch):
    monkeypatch.setattr(cell_module, "_PATIENCE", 0.1)
    with locked(tmp_path / "out/cells/classifier/nominal/seed-1"):
        called = here("study", "study.yaml", "--out", "out", "--only", "[cd]*/*")
    assert called.returncode == 0, called.stderr
    text = " ".join(called.stdout.split())
    assert "[1/2] classifier/nominal/seed-1 is left" in text
    assert "classifier/nominal/seed-1 is left: another call of `hitclr study` runs it" in text
    assert "The other call writes tables and report anew when it ends" in text


def test_a_study_that_is_killed_ends_with_the_same_numbers(hitclr, here, tmp_path):
    whole = here("study", "study.yaml", "--out", "whole", "--threads", "1")
    assert whole.returncode == 0, whole.stdout + whole.stderr
    for part in ("toy [bold]: 3 cells", "[3/3]", "report: ", "Simulated 60 events to train on"):
        assert part in whole.stdout, whole.stdout
    assert (tmp_path / "whole" / "report" / "index.html").exists()
    cut = hitclr("study", "study.yaml", "--out", "cut", "--threads", "1", popen=True)
    for _ in range(600):
        if list((tmp_path / "cut").glob("cells/**/cell.json")):
            break
        time.sleep(0.1)
    cut.send_signal(signal.SIGKILL)
    cut.communicate()
    assert len(list((tmp_path / "cut").glob("cells/**/cell.json"))) < 3
    again = hitclr("study", "study.yaml", "--out", "cut", "--processes", "2", "--threads", "1")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "[1/3]" not in again.stdout, "what was done is not run again"
    assert scores(tmp_path / "cut") == scores(tmp_path / "whole")
    compared = here("study", "compare", "whole", "cut", "--out", "both")
    assert compared.returncode == 0, compared.stdout + compared.stderr
    for part in ("Accuracy, mean over throws", "+0.000", "yes", "page: "):
        assert part in compared.stdout, compared.stdout
    assert (tmp_path / "both" / "report" / "index.html").exists()
    (tmp_path / "a file").touch()
    refused = here("study", "compare", "whole", "cut", "--out", "a file")
    assert refused.returncode == 1
    assert "cannot write a file" in refused.stderr
    page = tmp_path / "whole" / "report" / "index.html"
    page.write_text("old")
    assert here("report", "whole").returncode == 0
    assert page.read_text() != "old"


def _workers_of(process):
    """The processes that a study started to run its cells, from Linux's /proc."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            parent = re.search(r"^PPid:\t(\d+)$", status.read_text(), re.MULTILINE)
            command = (status.parent / "cmdline").read_text()
        except OSError:
            continue
        if parent and int(parent[1]) == process and "LokyProcess" in command:
            found.append(status)
    return found


def _runs(status):
    try:
        return not re.search(r"^State:\tZ", status.read_text(), re.MULTILINE)
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc")
def test_the_workers_of_a_killed_study_do_not_go_on(hitclr, tmp_path):
    """They would run the cells that the resumed study runs, too."""
    options = ("--processes", "2", "--threads", "1", "settings.trainer.epochs=5000")
    cut = hitclr("study", "study.yaml", "--out", "cut", *options, popen=True)
    workers = []
    for _ in range(600):
        workers = _workers_of(cut.pid)
        if len(workers) == len(list((tmp_path / "cut").glob("cells/**/cell.log"))) == 2:
            break
        time.sleep(0.1)
    cut.send_signal(signal.SIGKILL)
    cut.wait()
    assert len(workers) == 2
    for _ in range(100):
        if not any(_runs(worker) for worker in workers):
            break
        time.sleep(0.1)
    left = [int(worker.parent.name) for worker in workers if _runs(worker)]
    for process in left:
        os.kill(process, signal.SIGKILL)
    cut.communicate()
    assert not left
    assert not list((tmp_path / "cut").glob("cells/**/cell.json"))


def test_dry_run_and_size(here, tmp_path):
    shown = here("study", "study.yaml", "--out", "dry", "--size", "more", "--dry-run")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    for part in ("dann/nominal/to-low/seed-2", "Estimated time", "About "):
        assert part in shown.stdout
    assert not (tmp_path / "dry").exists()


def test_a_cell_that_the_report_could_not_take_is_refused_at_once(here, tmp_path):
    old = tmp_path / "old" / "cells" / "classifier" / "nominal" / "seed-1" / "cell.json"
    old.parent.mkdir(parents=True)
    old.write_text('{"fingerprint": "of other settings"}')
    refused = here("study", "study.yaml", "--out", "old", "--only", "dann/*")
    assert refused.returncode == 1
    assert "classifier/nominal/seed-1" in refused.stderr
    assert not (tmp_path / "old" / "data").exists(), "nothing was simulated before"


def test_a_folder_without_tables(here, tmp_path):
    (tmp_path / "empty").mkdir()
    refused = here("report", "empty")
    assert refused.returncode == 1
    assert "neither study.json nor results.json" in refused.stderr


@pytest.mark.filterwarnings("ignore:Creating scratch directories")  # Dask, on a slow disk
def test_on_a_dask_cluster(here, installed, monkeypatch, tmp_path):
    """A worker in a process of its own runs the cells."""
    import distributed

    monkeypatch.setenv("PYTHONPATH", str(installed))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    study = ("study", "study.yaml", "--out", "c", "--only", "[cf]*", "--threads", "1")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        done = here(*study, "--cluster", cluster.scheduler_address)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[1/2] classifier" in done.stdout
    assert "[2/2] further" in done.stdout
    rest = here("study", "study.yaml", "--out", "c", "--only", "dann/*", "--threads", "1")
    assert "[1/1]" in rest.stdout, rest.stdout + rest.stderr
    methods = {method for method, *_ in scores(tmp_path / "c")}
    assert methods == {"further", "classifier", "dann"}, "the report has what both calls made"
    client = distributed.Client
    monkeypatch.setattr(distributed, "Client", lambda where, timeout: client(where, timeout="1s"))
    nobody = here(*study, "--cluster", "tcp://127.0.0.1:9")
    assert nobody.returncode == 1
    assert "no scheduler answers" in nobody.stderr
