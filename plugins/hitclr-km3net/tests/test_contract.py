"""hitclr's contract with other options than the defaults, which the conformance kit takes."""

import dataclasses

import pytest
from hitclr_km3net import (
    ModuleDropout,
    NoiseHits,
    PmtEfficiency,
    TimeJitter,
    VerticalRotation,
    WaterAttenuation,
)

from hitclr.augment import Chain
from hitclr.events import counts_from_ptr
from hitclr.testing import check_augmentation, make_events

AUGMENTATIONS = [
    ModuleDropout((0.0, 1.0)),
    TimeJitter(2.0, module_sigma_ns=(0.5, 2.0)),
    TimeJitter(2.0, module_sigma_ns=1.0, string_sigma_ns=(1.0, 3.0)),
    PmtEfficiency((0.3, 0.9), spread=(0.05, 0.2)),
    WaterAttenuation((2.0, 40.0), (100.0, 200.0)),
    NoiseHits(10.0, window_ns=2000.0, tot_ns=(20.0, 30.0)),
    Chain([VerticalRotation(), ModuleDropout(), TimeJitter(), NoiseHits()]),
]
NAMES = [type(augmentation).__name__ for augmentation in AUGMENTATIONS]


@pytest.mark.parametrize("augmentation", AUGMENTATIONS, ids=NAMES)
def test_on_simulated_events(augmentation, muons):
    smallest = counts_from_ptr(muons.ptr).argsort()[:5]
    # As a detector description would tell it.
    strings = {"hit_string": muons.hits["hit_dom_id"] % 6}
    muons = dataclasses.replace(muons, hits={**muons.hits, **strings})
    check_augmentation(augmentation, muons.batch(smallest))


@pytest.mark.parametrize("augmentation", [*AUGMENTATIONS, NoiseHits()])
def test_on_made_up_events(augmentation):
    batch = make_events(
        features=("t", "tot", "dir.x", "dir.y", "dir.z"),
        hit_columns={"dom_id": 4, "channel_id": 31, "trig": 3, "string": 3},
    )
    batch.x[:, 0] *= 1e5
    check_augmentation(augmentation, batch)
