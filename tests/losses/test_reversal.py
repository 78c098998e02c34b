"""Gradient reversal and its ramp."""

from __future__ import annotations

import functools
import math

import pytest
import torch
from torch import nn

from hitclr.errors import HitclrError, SettingsError
from hitclr.losses import reversal_ramp, reverse_gradient


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0, 4.0])
def test_values_stay_and_gradients_turn(weight):
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    y = reverse_gradient(x, weight)
    assert torch.equal(y, x)
    (plain,) = torch.autograd.grad(x.pow(3).sum(), x)
    (turned,) = torch.autograd.grad(y.pow(3).sum(), x)
    torch.testing.assert_close(turned, -weight * plain)


def test_before_and_behind():
    # The head minimises, the body maximises.
    body, head = nn.Linear(3, 2), nn.Linear(2, 1)
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    gradients = []
    for between in (nn.Identity(), functools.partial(reverse_gradient, weight=0.5)):
        loss = head(between(body(x))).square().sum()
        gradients.append(torch.autograd.grad(loss, [body.weight, head.weight]))
    (body_plain, head_plain), (body_turned, head_turned) = gradients
    torch.testing.assert_close(body_turned, -0.5 * body_plain)
    torch.testing.assert_close(head_turned, head_plain)


@pytest.mark.parametrize("steepness", [1.0, 10.0])
@pytest.mark.parametrize("progress", [0.0, 0.01, 0.37, 1.0])
def test_ramp(progress, steepness):
    expected = 2 / (1 + math.exp(-steepness * progress)) - 1
    assert reversal_ramp(progress, steepness) == pytest.approx(expected, abs=1e-12)


def test_ramp_of_the_paper():
    assert reversal_ramp(0.5) == pytest.approx(2 / (1 + math.exp(-5)) - 1, abs=1e-12)


@pytest.mark.parametrize("weight", [-0.1, math.nan, math.inf])
def test_a_bad_weight_is_refused(weight):
    with pytest.raises(SettingsError, match="weight of 0 or more, got"):
        reverse_gradient(torch.ones(1), weight)


def test_a_bad_ramp_is_refused():
    for progress in (-0.1, 1.1, math.nan):
        with pytest.raises(HitclrError, match="divide the step by the number of steps"):
            reversal_ramp(progress)
    with pytest.raises(SettingsError, match="steepness above 0, got 0"):
        reversal_ramp(0.5, 0.0)
