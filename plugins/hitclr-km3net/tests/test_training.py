"""Training on KM3NeT's files, end to end."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import uproot
from hitclr_km3net.demo import DEMO
from km3net_testdata import data_path

from hitclr.config import override_settings
from hitclr.plugins import load_plugins
from hitclr.runs import embed_files, train

SHORT = ("trainer.epochs=2", "trainer.accelerator=cpu", "encoder.channels=8", "encoder.k=4")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    plugins = load_plugins()
    folder = tmp_path_factory.mktemp("runs")

    def run(name, *overrides):
        settings = override_settings(DEMO.settings(), [*SHORT, *overrides, f"out={folder / name}"])
        return train(settings, plugins, base=folder)

    return run


@pytest.fixture(scope="module")
def trained(run):
    return run("here", "data.num_workers=0")


def history(run):
    return json.loads((run.out / "results.json").read_text())["history"]


def test_workers_do_not_change_the_losses(run, trained):
    there = run("there", "data.num_workers=2")
    assert history(trained) == history(there)
    assert trained.evaluation.scores == there.evaluation.scores


def test_the_mixed_sample_is_never_trained_on(trained):
    counts = json.loads((trained.out / "results.json").read_text())["counts"]
    mixed = [row for row in counts if row["sample"] == "mixed-orca6"]
    assert {(row["class"], row["train"], row["validation"], row["test"]) for row in mixed} == {
        ("track", 0, 0, 14),
        ("shower", 0, 0, 16),
    }


def test_entries_without_hits_or_positions_are_marked(trained, tmp_path):
    """A row for each entry, also where there is nothing to embed."""
    files = [Path(data_path(f"offline/{name}.root")) for name in ("muon_cc_events", "numucc")]
    out = tmp_path / "out.root"
    skipped = embed_files(trained.model, files, out, load_plugins(), on_bad_input="skip")
    assert {(row["reason"], row["count"]) for row in skipped} == {
        ("no hits", 1000),
        ("all positions zero", 10),
    }
    with uproot.open(out) as file:
        tree = file["hitclr"]
        assert tree.num_entries == 1010
        assert bool((tree["status"].array(library="np") > 0).all())
        assert bool(np.isnan(tree["embedding"].array(library="np")).all())
