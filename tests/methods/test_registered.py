"""What holds for all methods that hitclr brings."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from hitclr.build import construct
from hitclr.config import Spec
from hitclr.errors import SettingsError
from hitclr.losses import AlphaSchedule
from hitclr.nn import InputNorm
from hitclr.plugins import load_plugins

NAMES = (
    "adabn",
    "barlow-twins",
    "cdan",
    "classifier",
    "classifier-aug",
    "contrastive",
    "contrastive-coral",
    "contrastive-dann",
    "coral",
    "dann",
    "groupdro",
    "joint",
    "mcc",
    "mmd",
    "oracle",
    "random-throws",
    "vicreg",
    "vrex",
)
TABLE = Path(__file__).parents[2] / "docs" / "methods.md"


@pytest.fixture(scope="module")
def registry():
    return load_plugins().methods


def build(registry, toy, name, **options):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        spec = Spec(name=name, **options)
        return construct(registry, spec, toy.Points(), InputNorm(2), 2, None)


@pytest.mark.parametrize("name", NAMES)
def test_registered_and_in_the_table(registry, name):
    assert name in registry
    assert f"| `{name}` |" in TABLE.read_text()


@pytest.mark.parametrize("name", NAMES)
def test_steps_lower_the_loss_and_a_checkpoint_has_everything(registry, toy, name):
    method = build(registry, toy, name)
    agreement = (0.95, 0.7, 0.05)
    data = toy.feed(
        toy.spurious(agreement), method.needs, targets=(2,), source=toy.Thrown(0.2), batch_size=256
    )
    method.before_training(torch.tensor([0, 1]))
    views = next(iter(data.train_dataloader()))
    assert len(views) == method.needs.views
    method.progress = 0.0  # at the foot of ramps: a reversed gradient lowers nothing
    optimizer = torch.optim.SGD(method.parameters(), lr=1e-3)
    losses = []
    for _ in range(3):
        optimizer.zero_grad()
        loss = method.loss(views)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] > losses[1] > losses[2]

    toy.train(method, data, number=4)
    other = build(registry, toy, name)
    other.load_state_dict(method.state_dict())
    batch = data.feed.store.batch(data.splits["test"])
    with torch.no_grad():
        assert torch.equal(other.eval().embed(batch), method.embed(batch))
        assert torch.equal(other.predict(batch), method.predict(batch))


def test_options_come_from_settings(registry, toy):
    moving = {"start": 0.0, "end": 1.0, "over": 0.5}
    for name in ("contrastive", "joint", "contrastive-dann", "contrastive-coral"):
        assert build(registry, toy, name, alpha=moving).criterion.alpha == AlphaSchedule(
            **{**moving, "shape": "linear"}
        )
        assert build(registry, toy, name, alpha=0.5).criterion.alpha == 0.5
        with pytest.raises(SettingsError, match="alpha"):
            build(registry, toy, name, alpha={"start": 0.0, "stop": 1.0})
    with pytest.raises(SettingsError, match="weigth"):
        build(registry, toy, "dann", weigth=2.0)
