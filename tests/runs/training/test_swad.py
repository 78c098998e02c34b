"""SWAD in a training: which weights are averaged, when it stops, and resuming."""

from __future__ import annotations

import math

import lightning as L
import pytest
import torch

from hitclr.errors import HitclrError
from hitclr.runs.training import SwadWeights


class Weights(L.Callback):
    """Keeps the weights after each step."""

    def __init__(self):
        self.steps, self.epochs = [], 0

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.steps.append({name: v.clone() for name, v in pl_module.state_dict().items()})


class Told(L.Callback):
    """Puts made-up validation losses in place of the real ones, epoch by epoch."""

    def __init__(self, losses):
        self.losses = losses

    def setup(self, trainer, pl_module, stage):
        def validation_step(views, batch_idx):
            loss = torch.tensor(self.losses[trainer.current_epoch])
            pl_module._log_loss("validation_loss", loss, views)

        pl_module.validation_step = validation_step


def swad(lines, converge=2, overfit=1):
    return SwadWeights(converge, overfit, 1.2, lines.append)


VALLEY = [3.0, 1.0, 1.1, 1.2, 2.0, 2.0]


def mean(states):
    return {
        name: torch.stack([state[name].double() for state in states]).mean(0)
        if value.is_floating_point()
        else value
        for name, value in states[-1].items()
    }


def assert_close(state, expected):
    for name, value in state.items():
        torch.testing.assert_close(value.double(), expected[name].double(), msg=name)


def test_the_method_has_the_mean_of_the_valley(fit):
    lines, weights = [], Weights()
    trainer, method = fit(weights, Told(VALLEY), swad(lines), epochs=6)
    assert trainer.current_epoch == 5, (
        "it stops after the fifth epoch, which is above the threshold"
    )
    assert_close(method.state_dict(), mean(weights.steps[4:16]))
    assert (
        method.encoder.batch_norm.num_batches_tracked
        == weights.steps[15]["encoder.batch_norm.num_batches_tracked"]
    )
    assert torch.equal(method.norm.mean, torch.tensor([0.1, 0.7, 0.3]))
    (line,) = lines
    assert "12 steps of epochs 2 to 4, after which the validation loss rose" in line


def test_a_training_without_a_valley_has_the_mean_of_the_last_epoch(fit):
    lines, weights = [], Weights()
    _, method = fit(weights, Told([4.0, 3.0, 2.0]), swad(lines))
    assert_close(method.state_dict(), mean(weights.steps[8:]))
    assert "still falling" in lines[0]


def test_a_training_that_does_not_overfit_is_averaged_to_its_end(fit):
    lines, weights = [], Weights()
    _, method = fit(weights, Told([4.0, 1.0, 1.1]), swad(lines))
    assert_close(method.state_dict(), mean(weights.steps[4:]))
    assert "did not rise again" in lines[0]


def test_the_losses_are_the_trainings_own(fit):
    """Without made-up losses: of the weights as they are, so as without SWAD."""
    lines = []
    callback = swad(lines, converge=1, overfit=3)
    fit(callback)
    plain, _ = fit()
    last = callback.valley._recent[-1].loss
    assert last == pytest.approx(float(plain.callback_metrics["validation_loss"]), rel=1e-6)


@pytest.mark.parametrize("die_at", [2, 4, 7, 12, 18])
def test_a_resumed_run_gives_the_same(fit, die_at):
    _, whole = fit(Told(VALLEY), swad([]), epochs=6)
    with pytest.raises(RuntimeError, match="died"):
        fit(Told(VALLEY), swad([]), epochs=6, die_at=die_at)
    _, resumed = fit(Told(VALLEY), swad([]), epochs=6, resume=True)
    assert all(torch.equal(v, resumed.state_dict()[n]) for n, v in whole.state_dict().items())


@pytest.mark.parametrize("losses", [VALLEY, [4.0, 1.0, 1.1, 1.0, 1.0, 1.0]], ids=["ended", "whole"])
def test_a_finished_run_that_is_resumed_has_the_average_and_trains_no_more(fit, losses):
    _, whole = fit(Told(losses), swad([]), epochs=6)
    weights = Weights()
    _, resumed = fit(weights, Told(losses), swad([]), epochs=6, resume=True)
    assert weights.steps == []
    assert all(torch.equal(v, resumed.state_dict()[n]) for n, v in whole.state_dict().items())


def test_the_model_that_is_stored_is_the_average_alone(fit, tmp_path):
    trainer, method = fit(Told(VALLEY), swad([]), epochs=6)
    trainer.save_checkpoint(tmp_path / "model.ckpt")
    content = torch.load(tmp_path / "model.ckpt", weights_only=True)
    assert_close(content["state_dict"], method.state_dict())
    assert content["callbacks"].get("SwadWeights") in (None, {})


def test_a_loss_that_is_not_finite_is_an_error(fit):
    with pytest.raises(HitclrError, match="the training diverged"):
        fit(Told([1.0, math.nan, 1.0]), swad([]))
