from importlib.metadata import entry_points

import pytest
from hitclr_km3net import (
    OFFLINE,
    OFFLINE_MC,
    OFFLINE_MC_MUON,
    OFFLINE_SNAPSHOT,
    NoiseHits,
    km3net_daq,
    km3net_offline_detx,
)
from hitclr_km3net import plugin as module

from hitclr.build import construct
from hitclr.config import Spec
from hitclr.demo import Demo
from hitclr.plugins import load_plugins

AUGMENTATIONS = [
    "km3net-module-dropout",
    "km3net-noise",
    "km3net-pmt-efficiency",
    "km3net-rotation",
    "km3net-time-jitter",
    "km3net-water",
]


@pytest.fixture(scope="module")
def plugins():
    return load_plugins()


def test_entry_point():
    (point,) = entry_points(group="hitclr", name="km3net")
    assert point.dist.metadata["Name"] == "hitclr-km3net"
    assert point.load() is module


def test_what_it_brings(plugins):
    (info,) = [info for info in plugins.infos if info.name == "km3net"]
    assert info.error == ""
    assert info.distribution == "hitclr-km3net"
    assert info.provides == {
        "schemas": [
            "km3net-offline",
            "km3net-offline-mc",
            "km3net-offline-mc-muon",
            "km3net-offline-snapshot",
        ],
        "schema_makers": ["km3net-daq", "km3net-offline-detx"],
        "augmentations": AUGMENTATIONS,
        "demos": ["km3net"],
    }


def test_schemas(plugins):
    for schema in (OFFLINE, OFFLINE_MC, OFFLINE_MC_MUON, OFFLINE_SNAPSHOT):
        assert plugins.schemas.get(schema.name) is schema
    assert plugins.schema_makers.get("km3net-daq") is km3net_daq
    assert plugins.schema_makers.get("km3net-offline-detx") is km3net_offline_detx
    assert isinstance(plugins.demos.get("km3net"), Demo)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_augmentations_are_made_from_settings(plugins, name):
    made = construct(plugins.augmentations, Spec(name=name, probability=0.5))
    assert made.probability == 0.5


def test_options_as_a_settings_file_holds_them(plugins):
    spec = Spec(
        name="km3net-noise",
        rate_khz=[1, 2],
        window_ns=500,
        tot_ns={"distribution": "normal", "mean": 20, "deviation": 2, "minimum": 1, "maximum": 50},
    )
    noise = construct(plugins.augmentations, spec)
    assert isinstance(noise, NoiseHits)
    assert noise.rate_khz == (1.0, 2.0)
    assert noise.tot_ns.mean == 20
