"""Finding a learning rate: the sweep, the suggestion, and that nothing stays changed."""

from __future__ import annotations

import lightning as L
import numpy as np
import pytest
import torch

from hitclr.config import make_settings, override_settings
from hitclr.errors import SettingsError
from hitclr.plugins import load_plugins
from hitclr.runs.training.find_lr import find_learning_rate, suggest, sweep

SETTINGS = make_settings(
    {"schema": "toy", "data": {"samples": {"a": "a"}}, "trainer": {"accelerator": "cpu"}}
)


class Data(L.LightningDataModule):
    def __init__(self, loader):
        super().__init__()
        self.train_dataloader = self.val_dataloader = lambda: loader


def run(method, loader, steps=30, **options):
    given = {"lowest": 1e-4, "highest": 1.0, **options}
    return sweep(method, Data(loader(5)), SETTINGS, steps=steps, **given)


def test_each_step_has_its_rate(make, loader, monkeypatch):
    used = []
    plain = torch.optim.AdamW.step

    def step(self, *arguments, **options):
        used.append([group["lr"] for group in self.param_groups])
        return plain(self, *arguments, **options)

    monkeypatch.setattr(torch.optim.AdamW, "step", step)
    curve = run(make(), loader)
    assert curve.rates == pytest.approx(np.geomspace(1e-4, 1.0, 30))
    assert np.array(used) == pytest.approx(np.stack([curve.rates, curve.rates], 1))


def test_the_losses_are_those_of_training(make, loader, views):
    method = make()
    expected = float(method.loss(views()).detach())
    method = make()
    curve = run(method, loader)
    assert curve.losses[0] == pytest.approx(expected)
    assert len(curve.losses) == len(curve.smooth) == 30


def test_the_method_is_as_before_and_the_same_comes_again(make, loader):
    method = make()
    before = {name: value.clone() for name, value in method.state_dict().items()}
    first = run(method, loader)
    assert all(torch.equal(value, before[name]) for name, value in method.state_dict().items())
    assert method.progress == 0
    second = run(method, loader)
    assert first.losses.tolist() == second.losses.tolist()
    assert first.suggestion == second.suggestion


def test_the_method_is_as_before_when_training_fails(make, loader):
    class Fails(type(make())):
        def loss(self, views):
            if self.trainer.global_step == 3:
                raise RuntimeError("it failed")
            return super().loss(views)

    method = make()
    method.__class__ = Fails
    before = {name: value.clone() for name, value in method.state_dict().items()}
    with pytest.raises(RuntimeError, match="it failed"):
        run(method, loader)
    assert all(torch.equal(value, before[name]) for name, value in method.state_dict().items())


def test_it_stops_when_the_loss_runs_away(make, loader):
    curve = run(make("classifier"), loader, steps=40, highest=1e3)
    assert 10 <= len(curve.losses) < 40
    assert len(curve.rates) == len(curve.losses)
    assert curve.suggestion < 10


def test_the_suggestion_is_where_the_loss_falls_most_steeply():
    rates = np.geomspace(1e-6, 1, 200)
    logs = np.log(rates)
    # A falling step in the middle at 1e-3, and a higher one far behind a peak.
    losses = 3 - np.tanh(logs - np.log(1e-3)) + 0.5 * np.exp(logs - np.log(0.05))
    assert suggest(rates, losses) == pytest.approx(1e-3, rel=0.2)
    losses[-20:] -= 5 * np.linspace(0, 1, 20)
    losses[-40:-20] += 30
    losses[-20:] += 30
    assert suggest(rates, losses) == pytest.approx(1e-3, rel=0.2)
    assert suggest(rates, np.linspace(1, 2, 200)) is None


@pytest.mark.parametrize(
    "options", [{"lowest": 0.0}, {"highest": 1e-5}, {"steps": 5}, {"highest": float("inf")}]
)
def test_refused(make, loader, options):
    with pytest.raises(SettingsError, match="find-lr: expected 0 < lowest < highest"):
        run(make(), loader, **options)


def test_on_a_run_of_files(toy_settings, tmp_path):
    settings = override_settings(toy_settings, [f"out={tmp_path / 'run'}", "encoder.depth=1"])
    lines = []
    curve = find_learning_rate(settings, load_plugins(), base=tmp_path, steps=12, say=lines.append)
    assert len(curve.losses) == 12
    assert "Read 120 events" in lines[0]
    assert not list(tmp_path.iterdir()), "it writes nothing"
