"""Two processes that train together are one with twice the batch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from hitclr.config import load_settings
from hitclr.plugins import load_plugins

HITCLR = Path(sys.executable).with_name("hitclr")


def hitclr(folder, *arguments):
    done = subprocess.run(
        [str(HITCLR), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def history(folder):
    return json.loads((folder / "results.json").read_text())["history"]


@pytest.mark.parametrize("method", ["classifier", "contrastive"])
def test_two_processes_give_the_losses_of_one(toy_settings, tmp_path, method, train_without_page):
    content = {
        **toy_settings,
        "method": {"name": method, "batch_norm": False},
        # Each process draws for its own events; what both are to see alike has nothing to draw.
        "views": {"augmentations": ["identity"]},
        "trainer": {"epochs": 3, "accelerator": "cpu"},
    }
    if method == "contrastive":
        content["method"]["alpha"] = 0.5
    file = tmp_path / "settings.yaml"
    file.write_text(yaml.safe_dump(content))
    changes = ("trainer.devices=2", "data.batch_size=16", "out=two")
    shown = hitclr(tmp_path, "train", "settings.yaml", *changes)
    settings = load_settings(file, ["data.batch_size=32", f"out={tmp_path / 'one'}"])
    train_without_page(settings, load_plugins(), base=tmp_path)
    one, two = history(tmp_path / "one"), history(tmp_path / "two")
    assert shown.count("epoch 3 of 3") == 1, "one process speaks"
    assert len(one) == len(two) == 3
    for ours, theirs in zip(two, one, strict=True):
        assert ours["train_loss"] == pytest.approx(theirs["train_loss"], abs=1e-4)
        assert ours["validation_loss"] == pytest.approx(theirs["validation_loss"], abs=1e-4)
