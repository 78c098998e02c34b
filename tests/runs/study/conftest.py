"""A study of the tests' detector, small enough to be run."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from hitclr.config import StudySettings
from hitclr.plugins import PluginInfo, load_plugins


@pytest.fixture(scope="session")
def plugins():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parents[1])
        patch.setenv("HITCLR_DISABLE_PLUGINS", "km3net,lartpc,cube")
        loaded = load_plugins()
        loaded.add(importlib.import_module("toy_detector"), PluginInfo("toys", "hitclr-toy", "1.0"))
        yield loaded


@pytest.fixture(scope="session")
def make_study():
    def made(**changes):
        content = {
            "title": "toy",
            "detector": "toy",
            "simulation": {"train": 60, "test": 30, "energy": (5.0, 10.0)},
            "domains": {"nominal": "nominal"},
            "throws": {
                "nominal": "nominal",
                "low": {"set": {"gain": 8.0}},
                "noisy": {"set": {"gain": 9.0, "noise": 2.0}},
            },
            "settings": {
                "views": {"augmentations": [{"name": "rotation"}]},
                "encoder": {"name": "pointnet", "size": "tiny"},
                "trainer": {"epochs": 1, "accelerator": "cpu"},
                "data": {"batch_size": 16, "feed": "memory", "cache": None},
            },
            "methods": {
                "contrastive": {"method": {"name": "contrastive", "alpha": 1.0}},
                "classifier": "classifier",
                "dann": {"method": "dann", "target": ["low"]},
            },
            "seeds": (1, 2),
        }
        return StudySettings.model_validate({**content, **changes})

    return made
