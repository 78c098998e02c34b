"""The classifier's loss."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from hitclr.events import make_batch
from hitclr.methods import Classifier, Contrastive
from hitclr.nn import InputNorm


class Sum(nn.Module):
    """The sum of the features of an event's hits."""

    out_channels = 2

    def forward(self, batch):
        return torch.zeros(batch.num_graphs, 2).index_add(0, batch.batch, batch.x)


def batch(**events):
    random = torch.Generator().manual_seed(1)
    return make_batch(
        {"pos": torch.rand(9, 3, generator=random), "x": torch.rand(9, 2, generator=random)},
        {"y": torch.tensor([0, 1, 1]), **events},
        torch.tensor([0, 3, 5, 9]),
        ("a", "b"),
    )


def test_the_loss_is_a_mean_with_the_weights_of_the_events():
    method = Classifier(Sum(), InputNorm(2), 2)
    plain = batch()
    losses = F.cross_entropy(method.predict(plain).log(), plain.y, reduction="none")
    torch.testing.assert_close(method.loss([plain]), losses.mean())
    weight = torch.tensor([2.0, 0.0, -0.5])
    weighted = method.loss([batch(weight=weight)])
    torch.testing.assert_close(weighted, (losses * weight).sum() / 3)
    assert not torch.isclose(weighted, losses.mean())


def test_who_weighs_events():
    assert Classifier.needs.weights
    assert not Contrastive.needs.weights
