"""Validators against plain loops and closed forms."""

from __future__ import annotations

import math

import pytest
import torch
from sklearn.metrics import log_loss

from hitclr.errors import HitclrError, SettingsError
from hitclr.plugins import load_plugins
from hitclr.studies import validators
from hitclr.studies.validators import Outputs, Validator


def _outputs(source=None, labels=None, target=None, truth=None, loss=None):
    empty, none = torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64)
    return Outputs(
        loss,
        empty if source is None else source,
        none if labels is None else labels,
        empty if target is None else target,
        none if truth is None else truth,
    )


def _logits(number=40, classes=3, seed=0):
    return 2 * torch.randn(number, classes, generator=torch.Generator().manual_seed(seed))


def test_validation_loss_is_better_when_smaller():
    score = validators.ValidationLoss()
    assert score(_outputs(loss=0.25)) == -0.25
    with pytest.raises(HitclrError, match="none was computed"):
        score(_outputs())


def test_source_scores_agree_with_sklearn():
    logits, labels = _logits(), torch.arange(40) % 3
    outputs = _outputs(source=logits, labels=labels)
    expected = -log_loss(labels.numpy(), logits.double().softmax(1).numpy())
    assert validators.SourceLoss()(outputs) == pytest.approx(expected)
    right = sum(int(row.argmax()) == int(label) for row, label in zip(logits, labels, strict=True))
    assert validators.SourceAccuracy()(outputs) == pytest.approx(right / 40)


def test_target_accuracy_leaves_unknown_labels_out():
    target = torch.tensor([[2.0, 0, 0], [0, 2, 0], [0, 0, 2], [0, 0, 2]])
    outputs = _outputs(target=target, truth=torch.tensor([0, 0, 2, -1]))
    assert validators.TargetAccuracy()(outputs) == pytest.approx(2 / 3)


def test_entropy_of_sure_and_of_even_predictions():
    score = validators.Entropy()
    assert score(_outputs(target=torch.zeros(5, 3))) == pytest.approx(-math.log(3))
    assert score(_outputs(target=1000 * torch.eye(3))) == pytest.approx(0)
    p = _logits().double().softmax(1)
    expected = sum(float((row * row.log()).sum()) for row in p) / len(p)
    assert score(_outputs(target=_logits())) == pytest.approx(expected)


@pytest.mark.parametrize(("number", "classes"), [(30, 3), (2, 5)])
def test_the_nuclear_norm_is_largest_for_sure_and_varied_predictions(number, classes):
    score = validators.NuclearNorm()
    even = 1000 * torch.eye(max(number, classes))[:, :classes][:number]
    if number > classes:
        even = 1000 * torch.eye(classes).repeat(number // classes, 1)
    assert score(_outputs(target=even)) == pytest.approx(1)
    one_class = torch.zeros(number, classes)
    one_class[:, 0] = 1000
    assert score(_outputs(target=one_class)) == pytest.approx(min(number, classes) ** -0.5)
    singular = torch.linalg.svdvals(_logits(number, classes).double().softmax(1)).sum()
    expected = float(singular) / math.sqrt(number * min(number, classes))
    assert score(_outputs(target=_logits(number, classes))) == pytest.approx(expected)


def test_soft_density_against_a_loop(monkeypatch):
    target, temperature = _logits(23), 0.3
    f = target.double().softmax(1)
    f = f / f.norm(dim=1, keepdim=True)
    total = 0.0
    for i in range(23):
        others = [math.exp(float(f[i] @ f[j]) / temperature) for j in range(23) if j != i]
        p = [value / sum(others) for value in others]
        total -= sum(value * math.log(value) for value in p)
    score = validators.SoftDensity(temperature)
    assert score(_outputs(target=target)) == pytest.approx(total / 23)
    monkeypatch.setattr("hitclr.studies.validators.soft_density._BLOCK", 50)
    assert score(_outputs(target=target)) == pytest.approx(total / 23)


def test_soft_density_of_equal_predictions_is_that_of_even_neighbours():
    assert validators.SoftDensity()(_outputs(target=torch.zeros(9, 3))) == pytest.approx(
        math.log(8)
    )
    assert validators.SoftDensity()(_outputs(target=torch.zeros(1, 3))) == 0
    with pytest.raises(SettingsError, match="temperature"):
        validators.SoftDensity(0)


def test_all_are_registered_and_say_what_they_look_at():
    registered = {entry.value for entry in load_plugins().validators}
    kinds = {getattr(validators, name) for name in validators.__all__}
    kinds = {kind for kind in kinds if issubclass(kind, Validator) and kind is not Validator}
    assert registered >= kinds
    assert {kind.looks_at for kind in kinds} == {"loss", "source", "target", "truth"}
