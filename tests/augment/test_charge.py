"""Smearing and scaling the charge."""

from __future__ import annotations

import math

import pytest
import torch

from hitclr.augment import ChargeScale, ChargeSmear, Normal
from hitclr.errors import SettingsError
from hitclr.rng import generator
from hitclr.testing import make_events

MANY = 20_000


def test_smear_factors_are_normal_about_1_and_differ_from_hit_to_hit():
    batch = make_events(counts=(MANY,))
    view, _ = ChargeSmear(0.1).view(batch, generator(1))
    factor = (view.x[:, 0] / batch.x[:, 0]).double()
    assert abs(float(factor.mean()) - 1) < 5 * 0.1 / math.sqrt(MANY)
    assert abs(float(factor.std()) - 0.1) < 5 * 0.1 / math.sqrt(2 * MANY)


def test_smear_has_the_width_of_each_event():
    batch = make_events(counts=(5000,) * 6)
    view, draws = ChargeSmear((0.0, 0.2)).view(batch, generator(1))
    widths = torch.stack([f.std() for f in (view.x / batch.x)[:, 0].split(5000)])
    assert float(draws.event["sigma"].std()) > 0.01
    torch.testing.assert_close(widths, draws.event["sigma"], rtol=5 / math.sqrt(10_000), atol=0)


def test_smear_does_not_make_charges_negative():
    batch = make_events(counts=(1000,))
    view, _ = ChargeSmear(2.0).view(batch, generator(1))
    assert float(view.x[:, 0].min()) == 0.0
    assert 0.2 < float((view.x[:, 0] == 0).float().mean()) < 0.4  # P(n < -1/2) = 0.31


def test_scale_is_one_factor_per_event():
    batch = make_events(counts=(30, 20, 1))
    view, draws = ChargeScale((0.5, 2.0)).view(batch, generator(1))
    factor = view.x[:, 0] / batch.x[:, 0]
    torch.testing.assert_close(factor, draws.event["scale"][batch.batch])
    assert len(set(draws.event["scale"].tolist())) == 3


def test_scale_is_normal_by_default():
    batch = make_events(counts=(1,) * MANY)
    scale = ChargeScale().draw(batch, generator(1)).event["scale"].double()
    assert abs(float(scale.mean()) - 1) < 5 * 0.1 / math.sqrt(MANY)
    assert abs(float(scale.std()) - 0.1) < 5 * 0.1 / math.sqrt(2 * MANY)


@pytest.mark.parametrize("augmentation", [ChargeSmear(feature="time"), ChargeScale(feature="time")])
def test_only_the_named_feature_changes(augmentation):
    batch = make_events(features=("charge", "time", "more"))
    view, _ = augmentation.view(batch, generator(1))
    assert torch.equal(view.x[:, [0, 2]], batch.x[:, [0, 2]])
    assert bool((view.x[:, 1] != batch.x[:, 1]).all())
    assert torch.equal(view.pos, batch.pos)


@pytest.mark.parametrize(
    "augmentation", [ChargeSmear(0.5, probability=0.5), ChargeScale((1.5, 2.0), probability=0.5)]
)
def test_half_the_events(augmentation):
    batch = make_events(counts=(3, 1, 0, 2) * 20)
    view, draws = augmentation.view(batch, generator(1))
    assert torch.equal(view.x[:, 0] != batch.x[:, 0], draws.active[batch.batch])
    assert 10 < int(draws.active.sum()) < 70


def test_wrong_arguments():
    with pytest.raises(SettingsError, match=r"ChargeSmear, sigma.*at least 0, got -1"):
        ChargeSmear(-1.0)
    with pytest.raises(SettingsError, match=r"ChargeScale, scale.*minimum"):
        ChargeScale(Normal(mean=1.0, deviation=0.1))
