"""From the command line: simulate, inspect, display, and train with re-simulated views."""

import pytest
import uproot
import yaml
from typer.testing import CliRunner

from hitclr.cli import app


def hitclr(folder, *arguments):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, f"{done.output}{done.exception!r}"
    return done.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulation")
    options = ["--detector", "lartpc", "--events", "60", "--seed", "1", "--energy", "80", "200"]
    options += ["--deposits", "deposits.root", "--processes", "1"]
    hitclr(
        folder,
        "simulate",
        *options,
        *["--throw", "nominal", "--throw", "lifetime-minus", "--out", "{throw}.root"],
    )
    return folder


def test_the_same_events_under_two_throws(folder):
    with (
        uproot.open(folder / "nominal.root") as one,
        uproot.open(folder / "lifetime-minus.root") as two,
    ):
        first = one["events"].arrays(["event", "energy", "hits_charge"])
        second = two["events"].arrays(["event", "energy", "hits_charge"])
        assert one["throw"]["lifetime"].array()[0] == 2200
        assert two["throw"]["lifetime"].array()[0] == 500
    assert len(first) == 60
    assert first["event"].tolist() == second["event"].tolist()
    assert first["energy"].tolist() == second["energy"].tolist()
    ratio = sum(map(sum, second["hits_charge"].tolist())) / sum(
        map(sum, first["hits_charge"].tolist())
    )
    assert 0.7 < ratio < 0.85


def test_inspect_and_display(folder):
    assert "hits_charge" in hitclr(folder, "inspect", "nominal.root")
    picture = ["--event", "3", "--deposits", "deposits.root", "--out", "event.png"]
    assert "wrote event.png" in hitclr(folder, "display", "nominal.root", *picture)
    assert (folder / "event.png").stat().st_size > 10_000


def test_training_with_resimulated_views(folder):
    settings = {
        "schema": "lartpc",
        "data": {"samples": {"simulated": "nominal.root"}, "batch_size": 32},
        "views": {
            "resimulate": {
                "detector": "lartpc",
                "deposits": ["deposits.root"],
                "vary": ["field", "lifetime", "threshold"],
            },
            "augmentations": [{"name": "rotation"}],
        },
        "encoder": {"name": "graph-convnext", "channels": 8, "depth": 1, "k": 4},
        "trainer": {"epochs": 1, "accelerator": "cpu"},
        "out": "run",
    }
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings))
    hitclr(folder, "train", "settings.yaml")
    assert (folder / "run" / "report" / "index.html").exists()
