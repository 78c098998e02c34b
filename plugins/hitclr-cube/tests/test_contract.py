"""hitclr's contract with other options than the defaults, which the conformance kit takes."""

import pytest
import torch
from hitclr_cube import ChargeThreshold, LatticeSymmetry, NeighbourLight, Voxelise

from hitclr.augment import Chain, PositionJitter, Rotation
from hitclr.testing import check_augmentation, make_events

DEFAULTS = [NeighbourLight(), ChargeThreshold(), LatticeSymmetry(), Voxelise()]
AUGMENTATIONS = [
    NeighbourLight(take_out=1.0, put_in=0.0, dropped=1.0, part=10.0, slack=1e6),
    NeighbourLight(take_out=0.0, put_in=1.0, kept=1.0, crosstalk=0.5, threshold=0.0),
    ChargeThreshold(1e6),
    LatticeSymmetry(mirror=False),
    Voxelise(size=3.0),
    Chain([NeighbourLight(), Rotation(), PositionJitter(1.0), Voxelise()]),
]
NAMES = [f"{type(a).__name__}-{i}" for i, a in enumerate(AUGMENTATIONS)]


@pytest.mark.parametrize("augmentation", AUGMENTATIONS, ids=NAMES)
def test_on_simulated_events(augmentation, events):
    smallest = events.hits_per_event().argsort()[:5]
    check_augmentation(augmentation, events.batch(smallest))


@pytest.mark.parametrize("augmentation", AUGMENTATIONS, ids=NAMES)
def test_on_made_up_events(augmentation):
    batch = make_events(features=("time", "charge"), hit_columns={"crosstalk": 2, "channel": 9})
    batch.x[:, 1] *= 50
    check_augmentation(augmentation, batch)


@pytest.mark.parametrize("augmentation", [*DEFAULTS, *AUGMENTATIONS])
def test_events_without_hits(augmentation):
    for counts in ((0, 3, 0), (0, 0)):
        batch = make_events(counts=counts, features=("charge",))
        view, _ = augmentation.view(batch, torch.Generator().manual_seed(1))
        empty = batch.ptr.diff() == 0
        assert view.ptr.diff()[empty].tolist() == [0] * int(empty.sum())
        assert bool(view.pos.isfinite().all())
