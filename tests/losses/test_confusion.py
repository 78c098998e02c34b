"""Minimum class confusion against its definition, term by term."""

from __future__ import annotations

import math

import pytest
import torch

from hitclr.errors import HitclrError, SettingsError
from hitclr.losses import ClassConfusionLoss, class_confusion_loss


def draw(number=6, classes=4):
    generator = torch.Generator().manual_seed(2)
    scores = 3 * torch.randn(number, classes, generator=generator, dtype=torch.float64)
    return scores.requires_grad_()


def slow_loss(scores, temperature, frozen=None):
    """The loss in tensors of one number; the weights come from ``frozen``."""
    rows = (scores / temperature).softmax(1)
    fixed = (scores if frozen is None else frozen).detach() / temperature
    weights = []
    for row in fixed.softmax(1).tolist():
        weights.append(1 + math.exp(sum(p * math.log(p) for p in row)))
    number, classes = scores.shape
    loss = 0.0
    for c in range(classes):
        confusion = [
            sum(number * weights[i] / sum(weights) * rows[i, c] * rows[i, d] for i in range(number))
            for d in range(classes)
        ]
        total = sum(confusion)
        loss += sum(confusion[d] / total for d in range(classes) if d != c) / classes
    return loss


@pytest.mark.parametrize("temperature", [0.5, 2.5])
def test_equals_the_definition(temperature):
    scores = draw()
    ours = class_confusion_loss(scores, temperature=temperature)
    slow = slow_loss(scores, temperature)
    torch.testing.assert_close(ours, slow, rtol=0, atol=1e-12)
    (mine,), (other,) = (torch.autograd.grad(loss, scores) for loss in (ours, slow))
    torch.testing.assert_close(mine, other, rtol=0, atol=1e-12)


def test_gradient_of_the_oracle():
    # The weights are constants, so that finite differences of the loss itself say another thing.
    scores = draw()
    frozen = scores.detach().clone()
    assert torch.autograd.gradcheck(lambda s: slow_loss(s, 2.5, frozen), scores)


def test_ends():
    assert float(class_confusion_loss(torch.zeros(7, 5))) == pytest.approx(0.8)
    certain = 1000 * torch.eye(4)
    assert float(class_confusion_loss(certain)) == pytest.approx(0, abs=1e-6)


def test_a_class_that_never_comes_up():
    scores = torch.tensor([[0.0, 0.0, -1e4], [1.0, 0.0, -1e4]], requires_grad=True)
    loss = class_confusion_loss(scores)
    loss.backward()
    assert bool(loss.isfinite() & scores.grad.isfinite().all())


def test_half_precision_is_lifted():
    scores = draw().detach()
    assert class_confusion_loss(scores.half()).dtype == torch.float32
    plain = class_confusion_loss(scores.float())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(class_confusion_loss(scores.float()), plain)


def test_module_passes_its_option_on():
    scores = draw()
    module = ClassConfusionLoss(temperature=0.7)
    assert torch.equal(module(scores), class_confusion_loss(scores, temperature=0.7))
    assert "temperature=0.7" in repr(module)


def test_what_does_not_fit_is_refused():
    with pytest.raises(SettingsError, match="temperature above 0, got 0"):
        ClassConfusionLoss(0.0)
    with pytest.raises(SettingsError, match="temperature above 0, got -1"):
        class_confusion_loss(draw(), temperature=-1.0)
    with pytest.raises(HitclrError, match=r"expected class scores \[B, C\]"):
        class_confusion_loss(torch.ones(4))
