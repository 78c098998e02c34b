"""Class scores of a trained method."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from hitclr.methods import Classifier
from hitclr.nn import InputNorm
from hitclr.studies import class_scores


class Encoder(nn.Module):
    out_channels = 4


def test_scores_of_a_method_that_still_trains_are_those_of_the_trained_one():
    """The head normalises by what it has seen in training, not by the events that it scores."""
    torch.manual_seed(0)
    method = Classifier(Encoder(), InputNorm(1), 2)
    method.logits(torch.randn(50, 4))
    assert method.training
    before = {name: value.clone() for name, value in method.state_dict().items()}
    embedding = 3 + torch.randn(20, 4)
    some = class_scores(method, embedding[:5])
    assert method.training
    torch.testing.assert_close(class_scores(method, embedding)[:5], some)
    for name, value in method.state_dict().items():
        assert torch.equal(value, before[name]), name
    torch.testing.assert_close(method.eval().logits(embedding[:5]).detach(), some)


@pytest.mark.parametrize("training", [True, False])
def test_a_method_has_its_mode_again_after_an_error(training):
    method = Classifier(Encoder(), InputNorm(1), 2).train(training)
    modes = []

    def fail():
        with method.evaluating():
            modes.extend([method.training, method.head.training])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert modes == [False, False]
    assert method.training == method.head.training == training
