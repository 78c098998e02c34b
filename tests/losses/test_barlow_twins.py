"""Barlow Twins against correlation coefficients from NumPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from hitclr.errors import HitclrError, SettingsError
from hitclr.losses import BarlowTwinsLoss, barlow_twins_loss


def views(number=9, size=4, dtype=torch.float64):
    generator = torch.Generator().manual_seed(1)
    first, second = torch.randn(2, number, size, generator=generator, dtype=dtype)
    return (3 * first + 1).requires_grad_(), second.requires_grad_()


@pytest.mark.parametrize("redundancy", [0.0, 0.005, 2.0])
def test_equals_correlation_coefficients(redundancy):
    first, second = (view.detach() for view in views())
    correlation = np.corrcoef(first.numpy(), second.numpy(), rowvar=False)[:4, 4:]
    expected = 0.0
    for i in range(4):
        for j in range(4):
            c = correlation[i, j]
            expected += (1 - c) ** 2 if i == j else redundancy * c**2
    ours = barlow_twins_loss(first, second, redundancy=redundancy, eps=0)
    assert float(ours) == pytest.approx(expected, abs=1e-12)


def test_eps_is_that_of_batch_normalisation():
    first, second = (view.detach() for view in views())
    norm = torch.nn.BatchNorm1d(4, eps=0.2, affine=False).double()
    correlation = norm(first).T @ norm(second) / len(first)
    expected = (correlation - torch.eye(4)).square().masked_fill(~torch.eye(4).bool(), 0).sum()
    ours = barlow_twins_loss(first, second, redundancy=0.0, eps=0.2)
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-12)


def test_gradient():
    assert torch.autograd.gradcheck(lambda a, b: barlow_twins_loss(a, b, redundancy=0.5), views())


def test_a_constant_feature_has_a_finite_gradient():
    first, second = (view.detach() for view in views())
    first[:, 1] = 0.1
    first.requires_grad_()
    loss = barlow_twins_loss(first, second)
    loss.backward()
    assert bool(loss.isfinite() & first.grad.isfinite().all())


def test_autocast_and_half_precision():
    first, second = (view.detach().float() for view in views())
    plain = barlow_twins_loss(first, second)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(barlow_twins_loss(first, second), plain)
    assert barlow_twins_loss(first.bfloat16(), second.bfloat16()).dtype == torch.float32


def test_module_passes_its_options_on():
    first, second = views()
    module = BarlowTwinsLoss(redundancy=0.7, eps=0.1)
    expected = barlow_twins_loss(first, second, redundancy=0.7, eps=0.1)
    assert torch.equal(module(first, second), expected)
    assert "redundancy=0.7, eps=0.1, gather=False" in repr(module)


@pytest.mark.parametrize("options", [{"redundancy": -1.0}, {"eps": -1e-9}, {"eps": math.inf}])
def test_bad_options_are_refused(options):
    with pytest.raises(SettingsError, match="of 0 or more, got"):
        BarlowTwinsLoss(**options)
    with pytest.raises(SettingsError, match="of 0 or more, got"):
        barlow_twins_loss(*views(), **options)


@pytest.mark.parametrize("shapes", [((1, 3), (1, 3)), ((4, 3), (5, 3)), ((4,), (4,))])
@pytest.mark.parametrize("gather", [False, True])
def test_tensors_that_do_not_fit_are_refused(shapes, gather):
    with pytest.raises(HitclrError, match="Barlow Twins: expected two tensors of one shape"):
        barlow_twins_loss(*(torch.ones(shape) for shape in shapes), gather=gather)
