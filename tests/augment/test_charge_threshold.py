"""A charge threshold, drawn per event."""

import pytest
import torch

from hitclr.augment import ChargeThreshold
from hitclr.errors import SettingsError
from hitclr.rng import generator
from hitclr.testing import make_events


def test_keeps_what_reaches_it():
    batch = make_events(counts=(50, 30), features=("charge",))
    view, _ = ChargeThreshold(0.5).view(batch, generator(1))
    keep = batch.x[:, 0] >= 0.5
    assert torch.equal(view.x, batch.x[keep])
    assert 0 < int(keep.sum()) < 80


def test_the_brightest_stays():
    batch = make_events(counts=(50, 30), features=("charge",))
    view, _ = ChargeThreshold(100.0).view(batch, generator(1))
    assert view.x[:, 0].tolist() == [float(batch.x[:50].max()), float(batch.x[50:].max())]


def test_drawn_per_event():
    batch = make_events(counts=(20,) * 40, features=("charge",))
    view, draws = ChargeThreshold((0.1, 0.3)).view(batch, generator(1))
    threshold = draws.event["threshold"]
    assert float(threshold.min()) >= 0.1
    assert float(threshold.max()) <= 0.3
    assert len(threshold.unique()) == 40
    alone = view.ptr.diff()[view.batch] == 1  # the brightest, whatever it has
    assert bool(((view.x[:, 0] >= threshold[view.batch]) | alone).all())


def test_refuses():
    with pytest.raises(SettingsError, match="threshold"):
        ChargeThreshold(-1.0)
