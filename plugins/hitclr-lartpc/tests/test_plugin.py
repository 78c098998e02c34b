from importlib.metadata import entry_points

import pytest
import torch
from hitclr_lartpc import LARTPC, ChargeThreshold
from hitclr_lartpc import plugin as module

from hitclr.augment import Chain
from hitclr.build import construct
from hitclr.config import Spec
from hitclr.plugins import load_plugins
from hitclr.testing import check_augmentation, make_events


@pytest.fixture(scope="module")
def plugins():
    return load_plugins()


def test_entry_point():
    (point,) = entry_points(group="hitclr", name="lartpc")
    assert point.dist.metadata["Name"] == "hitclr-lartpc"
    assert point.load() is module


def test_what_it_brings(plugins):
    (info,) = [info for info in plugins.infos if info.name == "lartpc"]
    assert info.error == ""
    assert info.provides == {
        "detectors": ["lartpc"],
        "schemas": ["lartpc"],
        "augmentations": ["lartpc-drift", "lartpc-threshold"],
    }
    assert plugins.detectors.get("lartpc") is LARTPC
    assert plugins.schemas.get("lartpc") is LARTPC.schema
    assert LARTPC.schema.axis == (1.0, 0.0, 0.0)


@pytest.mark.parametrize("threshold", [(5.0, 9.0), 6.0, 1e6])
def test_threshold_on_simulated_and_made_up_events(threshold, batch):
    check_augmentation(ChargeThreshold(threshold), batch)
    made_up = make_events(features=("time", "charge"), hit_columns={"channel": 9})
    made_up.x[:, 1] *= 10
    check_augmentation(ChargeThreshold(threshold), made_up)


def test_no_hit_below_the_threshold_but_the_brightest(batch):
    view, _ = ChargeThreshold(12.0).view(batch, torch.Generator().manual_seed(0))
    counts = view.ptr.diff()
    assert counts.min() >= 1
    below = view.x[:, 0] < 12.0
    assert (counts[view.batch[below]] == 1).all()
    assert view.num_nodes < batch.num_nodes


def test_the_detectors_own_augmentations(plugins, batch):
    chain = Chain([construct(plugins.augmentations, Spec(**s)) for s in LARTPC.augmentations])
    check_augmentation(chain, batch)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_the_response_on_a_gpu(deposits):
    random = torch.Generator("cuda").manual_seed(0)
    throws = LARTPC.draw(len(deposits), random)
    store = LARTPC.respond(deposits.to("cuda"), throws, random)
    assert store.hits["pos"].is_cuda
    assert len(store) == len(deposits)
