"""The plugins of this project beside each other, as a shared computer has them installed."""

from __future__ import annotations

from pathlib import Path

import hitclr_cube
import hitclr_km3net
import hitclr_lartpc
import pytest
import yaml
from hitclr_km3net.demo import DEMO

from hitclr.config import load_study, override_settings
from hitclr.plugins import load_plugins
from hitclr.runs import simulate, train
from hitclr.runs.study import prepare_study

PLUGINS = {"cube": hitclr_cube, "km3net": hitclr_km3net, "lartpc": hitclr_lartpc}
FOLDER = Path(__file__).parents[1]
STUDIES = [
    *sorted(FOLDER.parent.glob("examples/studies/*.yaml")),
    *sorted(FOLDER.parent.glob("docs/studies/pilot/*.yaml")),
]
STEP = ["trainer.epochs=1", "trainer.accelerator=cpu", "encoder={name: pointnet, size: tiny}"]


@pytest.fixture(scope="module")
def plugins():
    return load_plugins()


def test_every_plugin_of_the_project_is_here():
    assert {folder.name for folder in FOLDER.glob("hitclr-*")} == {f"hitclr-{n}" for n in PLUGINS}


def test_all_are_loaded_with_all_that_they_bring(plugins):
    assert {info.name: info.error for info in plugins.infos} == dict.fromkeys(
        ["hitclr", *PLUGINS], ""
    )
    for info in plugins.infos:
        alone = load_plugins(set(PLUGINS) - {info.name})
        (same,) = [other for other in alone.infos if other.name == info.name]
        assert info.provides == same.provides, info.name


def test_every_name_is_that_of_the_plugin_that_brought_it(plugins):
    for kind, registry in plugins.registries().items():
        brought = [
            (name, info.name) for info in plugins.infos for name in info.provides.get(kind, [])
        ]
        assert sorted((entry.name, entry.owner) for entry in registry) == sorted(brought), kind
    schemas = {entry.name: entry.owner for entry in plugins.schemas}
    assert {entry.name: entry.owner for entry in plugins.detectors}.items() <= schemas.items()


def loss(run):
    (row,) = run.history
    return row["train_loss"]


@pytest.mark.parametrize("name", ["cube", "lartpc"])
def test_a_detectors_events_are_trained_on(plugins, tmp_path, name):
    detector = plugins.detectors.get(name)
    file = tmp_path / "events.root"
    simulate(detector, file, events=40, energy=(60.0, 120.0), processes=1)
    content = {
        "schema": name,
        "data": {"samples": {"simulated": str(file)}, "batch_size": 40},
        "views": {"augmentations": list(detector.augmentations)},
        "method": "contrastive",
        "out": str(tmp_path / "run"),
    }
    settings = override_settings(content, STEP)
    assert loss(train(settings, plugins, base=tmp_path, report=False)) > 0


def test_km3nets_events_are_trained_on(plugins, tmp_path):
    settings = override_settings(DEMO.settings(), [*STEP, f"out={tmp_path / 'run'}"])
    assert loss(train(settings, plugins, base=tmp_path, report=False)) > 0


def test_there_are_studies():
    assert len(STUDIES) > 4


@pytest.mark.parametrize("file", STUDIES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_the_studies_of_the_project_are_valid_at_every_size(plugins, tmp_path, file):
    """All cells of all sizes are planned; none is trained."""
    sizes = yaml.safe_load(file.read_text()).get("sizes", {})
    for size in (None, *sizes):
        study = prepare_study(load_study(file, size=size), plugins, tmp_path, base=file.parent)
        assert len(study.cells) >= len(study.settings.methods)
