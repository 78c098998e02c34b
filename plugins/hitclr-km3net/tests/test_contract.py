"""Each augmentation against hitclr's contract, on real events and on made-up ones."""

import pytest
import torch
from hitclr_km3net import ModuleDropout, NoiseHits, TimeJitter, VerticalRotation

from hitclr.augment import Chain
from hitclr.events import counts_from_ptr
from hitclr.testing import check_augmentation, make_events

AUGMENTATIONS = [
    VerticalRotation(),
    ModuleDropout(),
    ModuleDropout((0.0, 1.0)),
    TimeJitter(),
    TimeJitter(2.0, module_sigma_ns=(0.5, 2.0)),
    NoiseHits(),
    NoiseHits(10.0, window_ns=2000.0, tot_ns=(20.0, 30.0)),
    Chain([VerticalRotation(), ModuleDropout(), TimeJitter(), NoiseHits()]),
]
NAMES = [type(augmentation).__name__ for augmentation in AUGMENTATIONS]


@pytest.mark.parametrize("augmentation", AUGMENTATIONS, ids=NAMES)
def test_on_simulated_events(augmentation, muons):
    smallest = counts_from_ptr(muons.ptr).argsort()[:5]
    check_augmentation(augmentation, muons.batch(smallest))


@pytest.mark.parametrize("augmentation", AUGMENTATIONS, ids=NAMES)
def test_on_made_up_events(augmentation):
    batch = make_events(
        features=("t", "tot", "dir.x", "dir.y", "dir.z"),
        hit_columns={"dom_id": 4, "channel_id": 31, "trig": 3},
    )
    batch.x[:, 0] *= 1e5
    check_augmentation(augmentation, batch)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@pytest.mark.parametrize("augmentation", AUGMENTATIONS, ids=NAMES)
def test_on_a_gpu(augmentation, muons):
    check_augmentation(augmentation, muons.batch(torch.arange(5)).to("cuda"))
