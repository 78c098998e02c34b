"""Every built-in augmentation keeps the whole contract."""

from __future__ import annotations

import pytest
import torch

from hitclr.augment import (
    Chain,
    ChargeScale,
    ChargeSmear,
    ChargeThreshold,
    Choose,
    HitDropout,
    Identity,
    Normal,
    PositionJitter,
    Rotation,
    Translation,
)
from hitclr.errors import SchemaError
from hitclr.events import event_fields, hit_fields
from hitclr.rng import generator
from hitclr.testing import check_augmentation, make_events

FEATURES = ("charge", "time", "dir.x", "dir.y", "dir.z")
AUGMENTATIONS = {
    "identity": Identity(),
    "rotation": Rotation(),
    "rotation-z": Rotation("z"),
    "rotation-axis": Rotation((1, 2, 3), angle=Normal(deviation=5.0), about="origin"),
    "hit-dropout": HitDropout(0.5),
    "hit-dropout-all": HitDropout(1.0),
    "hit-dropout-range": HitDropout((0.0, 1.0)),
    "charge-smear": ChargeSmear((0.1, 2.0)),
    "charge-scale": ChargeScale(),
    "charge-threshold": ChargeThreshold((0.5, 2.0)),
    "charge-threshold-all": ChargeThreshold(1e6),
    "translation": Translation((1.0, 2.0, 0.0)),
    "position-jitter": PositionJitter((0.3, 0.3, 0.0)),
    "chain": Chain([HitDropout((0.0, 0.9)), Rotation(probability=0.5), ChargeSmear()]),
    "choose": Choose([Rotation(), HitDropout(0.5), Translation(1.0), Identity()]),
    "nested": Chain([Choose([HitDropout(0.5), PositionJitter()], 1), Rotation()]),
}
each_one = pytest.mark.parametrize("augmentation", AUGMENTATIONS.values(), ids=AUGMENTATIONS.keys())


@each_one
@pytest.mark.parametrize("counts", [(7, 1, 12, 3), (1, 4, 0, 2)], ids=["full", "with-empty"])
def test_contract(augmentation, counts):
    check_augmentation(augmentation, make_events(5, counts, FEATURES))


@each_one
def test_no_tensor_is_made_on_the_default_device(augmentation):
    # A tensor made without a device would land on "meta" here, as on a GPU it lands on the CPU.
    batch = make_events(5, features=FEATURES)
    expected, _ = augmentation.view(batch, generator(1))
    with torch.device("meta"):
        got, _ = augmentation.view(batch, generator(1))
    for name, column in {**hit_fields(got), **event_fields(got)}.items():
        assert torch.equal(column, expected[name]), name


@each_one
def test_takes_a_batch_of_no_events(augmentation):
    none = make_events(5, (), FEATURES)
    view, _ = augmentation.view(none, generator(1))
    assert view.num_graphs == 0
    assert view.pos.shape == (0, 3)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@each_one
def test_contract_on_a_gpu(augmentation):
    check_augmentation(augmentation, make_events(5, features=FEATURES).to("cuda"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@each_one
def test_a_cpu_generator_gives_the_same_view_on_a_gpu(augmentation):
    batch = make_events(5, features=FEATURES)
    here, _ = augmentation.view(batch, generator(1))
    there, _ = augmentation.view(batch.to("cuda"), generator(1))
    torch.testing.assert_close(there.pos.cpu(), here.pos)
    torch.testing.assert_close(there.x.cpu(), here.x)


@pytest.mark.parametrize("augmentation", [ChargeSmear(), ChargeScale()])
def test_a_missing_feature_is_named(augmentation):
    with pytest.raises(SchemaError, match=r"'charge'.*\['charg', 'time'\]"):
        augmentation.view(make_events(features=("charg", "time")), generator(1))
