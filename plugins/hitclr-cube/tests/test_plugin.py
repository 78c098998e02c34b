from importlib.metadata import entry_points

import pytest
import torch
from hitclr_cube import CUBE, SCHEMA, NeighbourLight
from hitclr_cube import plugin as module

from hitclr.augment import Chain
from hitclr.build import construct
from hitclr.config import Spec
from hitclr.plugins import load_plugins
from hitclr.testing import check_augmentation

AUGMENTATIONS = ["cube-neighbour-light", "cube-symmetry", "cube-threshold", "cube-voxelise"]


@pytest.fixture(scope="module")
def plugins():
    return load_plugins()


def test_entry_point():
    (point,) = entry_points(group="hitclr", name="cube")
    assert point.dist.metadata["Name"] == "hitclr-cube"
    assert point.load() is module


def test_what_it_brings(plugins):
    (info,) = [info for info in plugins.infos if info.name == "cube"]
    assert info.error == ""
    assert info.distribution == "hitclr-cube"
    assert info.provides == {
        "detectors": ["cube"],
        "schemas": ["cube"],
        "augmentations": AUGMENTATIONS,
    }
    assert plugins.detectors.get("cube") is CUBE
    assert plugins.schemas.get("cube") is SCHEMA


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_augmentations_are_made_from_settings(plugins, name):
    made = construct(plugins.augmentations, Spec(name=name, probability=0.5))
    assert made.probability == 0.5


def test_options_as_a_settings_file_holds_them(plugins):
    spec = Spec(name="cube-neighbour-light", take_out=0.5, put_in=0.25, crosstalk=[0.01, 0.02])
    made = construct(plugins.augmentations, spec)
    assert isinstance(made, NeighbourLight)
    assert made.crosstalk == (0.01, 0.02)


def test_the_detectors_own_augmentations(plugins, events):
    chain = Chain([construct(plugins.augmentations, Spec(**spec)) for spec in CUBE.augmentations])
    assert chain.parts[0].reads == ()
    assert type(chain.parts[-1]).__name__ == "Voxelise"
    smallest = events.hits_per_event().argsort()[:5]
    check_augmentation(chain, events.batch(smallest))
    view, _ = chain.view(events.batch(smallest), torch.Generator().manual_seed(1))
    assert torch.equal(view.pos - 0.5, (view.pos - 0.5).round())
