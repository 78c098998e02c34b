"""Every weight of every registered method takes part in its loss: several processes need that."""

from __future__ import annotations

import pytest
import torch

from hitclr.data import hide_labels
from hitclr.plugins import load_plugins


@pytest.mark.parametrize("name", sorted(entry.name for entry in load_plugins().methods))
def test_every_weight_has_a_gradient(toy, name):
    method = toy.make(load_plugins().methods.get(name)).train()
    method.progress = 0.5
    store = toy.shifted(lambda b, noise: b + 3, number=32)
    if method.needs.target != "labelled":
        store = hide_labels(store, [1])
    rows = torch.arange(len(store))
    if method.needs.labels and method.needs.target in ("all", "after"):
        rows = rows[store.labels >= 0]
    method.before_training(torch.tensor([0, 1]))
    method.loss([store.batch(rows) for _ in range(method.needs.views)]).backward()
    without = [name for name, weights in method.named_parameters() if weights.grad is None]
    assert without == []
