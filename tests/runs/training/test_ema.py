"""The moving average of the weights: its formula, and what is validated, stored and resumed."""

from __future__ import annotations

import lightning as L
import pytest
import torch

from hitclr.runs.training import EmaWeights
from hitclr.runs.training.ema import ema_update


class Weights(L.Callback):
    """Keeps the weights after each step, and those that are validated."""

    def __init__(self):
        self.steps, self.validated = [], []

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.steps.append(copied(pl_module))

    def on_validation_batch_start(self, trainer, pl_module, batch, batch_idx, dataloader_idx=0):
        if batch_idx == 0:
            self.validated.append(copied(pl_module))


def copied(method):
    return {name: value.clone() for name, value in method.state_dict().items()}


def averaged(states, decay):
    """The average by its formula, in float64."""
    average = {name: value.double() for name, value in states[0].items()}
    for number, state in enumerate(states[1:], 1):
        keep = min(decay, (1 + number) / (10 + number))
        for name, value in state.items():
            if value.is_floating_point():
                average[name] = keep * average[name] + (1 - keep) * value.double()
            else:
                average[name] = value.double()
    return average


def assert_close(state, expected):
    for name, value in state.items():
        torch.testing.assert_close(value.double(), expected[name], rtol=1e-5, atol=1e-6, msg=name)


@pytest.mark.parametrize("decay", [0.0, 0.3, 0.99])
def test_the_average_is_validated_and_kept(fit, decay):
    weights = Weights()
    _, method = fit(weights, EmaWeights(decay))
    assert len(weights.steps) == 12
    assert_close(method.state_dict(), averaged(weights.steps, decay))
    for epoch, validated in enumerate(weights.validated):
        assert_close(validated, averaged(weights.steps[: 4 * epoch + 4], decay))


def test_training_itself_goes_on_as_without(fit):
    without, beside = Weights(), Weights()
    fit(without)
    fit(beside, EmaWeights(0.9))
    for one, two in zip(without.steps, beside.steps, strict=True):
        assert all(torch.equal(one[name], two[name]) for name in one)


def test_numbers_that_do_not_change_stay_to_the_last_bit():
    random = torch.Generator().manual_seed(0)
    value = torch.randn(1000, generator=random)
    average = value.clone()
    for number in range(1, 200):
        ema_update(0.999)([average], [value], torch.tensor(number))
    assert torch.equal(average, value)


def test_counters_and_flags_are_taken_over(fit):
    _, method = fit(EmaWeights(0.99))
    assert method.encoder.batch_norm.num_batches_tracked == 24
    assert method.probe.fitted.dtype == torch.bool


@pytest.mark.parametrize("die_at", [6, 8, 11])
def test_a_resumed_run_gives_the_same(fit, tmp_path, die_at):
    _, whole = fit(EmaWeights(0.9))
    with pytest.raises(RuntimeError, match="died"):
        fit(EmaWeights(0.9), die_at=die_at)
    _, resumed = fit(EmaWeights(0.9), resume=True)
    assert all(torch.equal(v, resumed.state_dict()[n]) for n, v in whole.state_dict().items())


def test_a_finished_run_that_is_resumed_has_the_average(fit):
    _, whole = fit(EmaWeights(0.9))
    _, resumed = fit(EmaWeights(0.9), resume=True)
    assert all(torch.equal(v, resumed.state_dict()[n]) for n, v in whole.state_dict().items())


def test_checkpoints_have_both(fit, tmp_path):
    weights = Weights()
    _, method = fit(weights, EmaWeights(0.9))
    content = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)
    for name, value in method.state_dict().items():
        assert torch.equal(content["state_dict"][name], value)
        assert torch.equal(content["current_model_state"][name], weights.steps[-1][name])
