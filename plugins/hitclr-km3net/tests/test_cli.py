"""Files whose hits have no positions, trained on and embedded by the command line."""

import json
import shutil
from pathlib import Path

import numpy as np
import uproot
import yaml
from km3net_testdata import data_path
from typer.testing import CliRunner

from hitclr.cli import app

SHORT = {
    "encoder": {"name": "graph-convnext", "size": "tiny", "channels": 8, "k": 4},
    "trainer": {"epochs": 1, "accelerator": "cpu"},
    "views": {
        "augmentations": [
            "km3net-rotation",
            {"name": "km3net-time-jitter", "module_sigma_ns": 1, "string_sigma_ns": 2},
            "km3net-pmt-efficiency",
            "km3net-water",
            {"name": "km3net-noise", "rate_khz": 7, "window_ns": 500},
        ]
    },
}


def hitclr(*words):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.output


def test_train_and_embed(tmp_path):
    detx = ("km3net_offline", "KM3NeT_-00000001_20171212")
    files = {
        "data": data_path("offline/km3net_offline.root"),
        "neutrinos": data_path("offline/numucc.root"),
    }
    # The names are relative to the settings file, not to the working folder.
    for name in detx:
        shutil.copy(data_path(f"detx/{name}.detx"), tmp_path)
    settings = {
        **SHORT,
        "schema": {"name": "km3net-offline-detx", "detx": [f"{name}.detx" for name in detx]},
        "data": {
            "samples": {name: {"files": [file], "label": name} for name, file in files.items()},
            "split": {"validation": 0.2, "test": 0.2},
            "batch_size": 8,
            "num_workers": 0,
        },
        "out": str(tmp_path / "run"),
    }
    (tmp_path / "settings.yaml").write_text(yaml.safe_dump(settings))
    hitclr("train", tmp_path / "settings.yaml")
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert np.isfinite(results["history"][0]["train_loss"])
    assert sum(row["train"] for row in results["counts"]) > 8

    # The model has the geometry: the descriptions are not needed any more.
    for name in detx:
        (tmp_path / f"{name}.detx").unlink()
    out = tmp_path / "embedded.root"
    hitclr("embed", tmp_path / "run" / "model.ckpt", *files.values(), "--out", out)
    with uproot.open(out) as file:
        assert file["hitclr"].num_entries == 20
        assert (file["hitclr"]["status"].array(library="np") == 0).all()
        assert np.isfinite(file["hitclr"]["embedding"].array(library="np")).all()


def test_a_wrong_description_is_told(tmp_path):
    file = Path(data_path("detx/detx_v5_invalid_multiline_comments.detx"))
    (tmp_path / "schema.yaml").write_text(
        yaml.safe_dump({"name": "km3net-offline-detx", "detx": str(file)})
    )
    words = [
        "inspect",
        data_path("offline/numucc.root"),
        "--check",
        str(tmp_path / "schema.yaml"),
    ]
    result = CliRunner().invoke(app, words)
    assert result.exit_code != 0
    told = " ".join(f"{result.output} {result.exception}".split())
    assert f"{file.name}, line 109" in told.replace(" ,", ",")
