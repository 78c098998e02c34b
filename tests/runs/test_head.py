"""The probe in place of a classifier's head."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from hitclr.errors import SettingsError
from hitclr.methods import Needs
from hitclr.nn import ClassHead
from hitclr.runs.head import head_to_replace, replace_head
from hitclr.studies import fit_probe


def settings(replaces_head=True):
    return SimpleNamespace(
        probe=SimpleNamespace(replaces_head=replaces_head), method=SimpleNamespace(name="mine")
    )


def _evaluate(head):
    if head is not None:
        head.eval()


def method(head, **given):
    options = {"classifies": True, "needs": Needs(), "num_classes": 3, "width": 5, "head": head}
    modes = {"training": True, "eval": lambda: _evaluate(head), "train": lambda mode: None}
    return SimpleNamespace(**{**options, **modes, "logits": head, **given})


@pytest.mark.parametrize("batch_norm", [True, False])
def test_the_head_gives_what_the_probe_gives(batch_norm):
    random = torch.Generator().manual_seed(0)
    labels = torch.arange(90) % 3
    embedding = 100 + 7 * torch.randn(90, 5, generator=random) + 5 * labels[:, None]
    probe, head = fit_probe(embedding, labels, 3), ClassHead(5, 3, batch_norm)
    head(embedding)  # it has seen a batch
    replace_head(head.eval(), probe)
    expected = probe.probabilities(embedding)
    assert torch.allclose(head(embedding).softmax(1), expected, atol=1e-4)


def test_it_is_the_head_of_a_method_that_classifies():
    head = ClassHead(5, 3)
    assert head_to_replace(settings(), method(head)) is head
    assert head_to_replace(settings(replaces_head=False), method(head)) is None
    assert head_to_replace(settings(), method(None, classifies=False)) is None


@pytest.mark.parametrize("head", [None, ClassHead(4, 3), ClassHead(5, 2), nn.Linear(5, 3)])
def test_a_head_that_is_none_of_ours_is_refused(head):
    with pytest.raises(SettingsError, match="from 5 features to 3 classes, got"):
        head_to_replace(settings(), method(head))


def test_a_head_behind_something_else_is_refused():
    """The probe is fitted on the representation, and would be wrong there."""
    head, norm = ClassHead(5, 3), nn.LayerNorm(5)
    with pytest.raises(SettingsError, match="something stands between"):
        head_to_replace(settings(), method(head, logits=lambda embedding: head(norm(embedding))))


@pytest.mark.parametrize("target", ["beside", "labelled", "after"])
def test_a_head_that_was_adapted_is_refused(target):
    with pytest.raises(SettingsError, match="adapts its head to a target"):
        head_to_replace(settings(), method(ClassHead(5, 3), needs=Needs(target=target)))
