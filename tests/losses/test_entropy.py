"""Entropies against SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
import torch

from hitclr.errors import HitclrError
from hitclr.losses import certainty_weights, prediction_entropy


def draw(number=6, classes=4):
    generator = torch.Generator().manual_seed(2)
    scores = 3 * torch.randn(number, classes, generator=generator, dtype=torch.float64)
    return scores.requires_grad_()


def test_equals_scipy():
    scores = draw().detach()
    odds = np.exp(scores.numpy())
    expected = scipy.stats.entropy(odds / odds.sum(1, keepdims=True), axis=1)
    np.testing.assert_allclose(prediction_entropy(scores), expected, atol=1e-12)
    np.testing.assert_allclose(certainty_weights(scores), 1 + np.exp(-expected), atol=1e-12)


def test_ends():
    scores = torch.tensor([[0.0, 0, 0], [1000, 0, 0]], requires_grad=True)
    entropy = prediction_entropy(scores)
    torch.testing.assert_close(entropy.detach(), torch.tensor([math.log(3), 0.0]))
    weights = certainty_weights(scores.detach())
    torch.testing.assert_close(weights, torch.tensor([4 / 3, 2.0]))
    entropy.sum().backward()
    assert bool(scores.grad.isfinite().all())


@pytest.mark.parametrize("function", [prediction_entropy, certainty_weights])
def test_gradient(function):
    assert torch.autograd.gradcheck(function, draw())


def test_half_precision_is_lifted():
    assert prediction_entropy(draw().half()).dtype == torch.float32


@pytest.mark.parametrize("shape", [(4,), (0, 3), (4, 1), (2, 3, 4)])
def test_scores_that_do_not_fit_are_refused(shape):
    with pytest.raises(HitclrError, match=r"expected class scores \[B, C\]"):
        prediction_entropy(torch.ones(shape))
