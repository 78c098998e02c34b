"""Stopping early, and staying stopped."""

from __future__ import annotations

import lightning as L
import pytest
import torch

from hitclr.config import EarlyStoppingSettings
from hitclr.errors import SettingsError
from hitclr.runs.training import early_stopping


class Told(L.Callback):
    """Logs made-up values, epoch by epoch."""

    def __init__(self, name, values):
        self.name, self.values, self.epochs = name, values, 0

    def on_validation_epoch_end(self, trainer, pl_module):
        pl_module.log(self.name, torch.tensor(self.values[trainer.current_epoch]))

    def on_train_epoch_start(self, trainer, pl_module):
        self.epochs += 1


SETTINGS = EarlyStoppingSettings(patience=2)


@pytest.mark.parametrize(
    ("values", "epochs"),
    [([3.0, 2.0, 2.5, 2.1, 1.0, 1.0], 4), ([3.0, 2.0, 2.5, 1.0, 1.1, 1.0], 6)],
)
def test_it_stops_after_so_many_epochs_without_a_better_loss(fit, values, epochs):
    told = Told("watched", values)
    fit(told, early_stopping(SETTINGS, validated=True, monitor="watched"), epochs=6)
    assert told.epochs == epochs


def test_a_score_may_be_better_when_higher(fit):
    told = Told("score", [0.1, 0.2, 0.15, 0.12, 0.9])
    stop = early_stopping(SETTINGS, validated=True, monitor="score", higher_is_better=True)
    fit(told, stop, epochs=5)
    assert told.epochs == 4


def test_it_watches_the_validation_loss_by_itself():
    assert early_stopping(SETTINGS, validated=True).monitor == "validation_loss"


def test_a_stopped_run_trains_no_more_when_it_is_resumed(fit):
    values = [3.0, 4.0, 4.0, 1.0, 1.0]

    def stop():
        return early_stopping(SETTINGS, validated=True, monitor="watched")

    _, method = fit(Told("watched", values), stop(), epochs=5)
    told = Told("watched", values)
    _, resumed = fit(told, stop(), epochs=5, resume=True)
    assert told.epochs == 0
    assert all(torch.equal(v, resumed.state_dict()[n]) for n, v in method.state_dict().items())


def test_patience_goes_on_when_it_is_resumed(fit):
    values = [3.0, 4.0, 4.0, 1.0, 1.0]
    with pytest.raises(RuntimeError, match="died"):
        fit(
            Told("watched", values),
            early_stopping(SETTINGS, validated=True, monitor="watched"),
            epochs=5,
            die_at=8,
        )
    told = Told("watched", values)
    fit(
        told,
        early_stopping(SETTINGS, validated=True, monitor="watched"),
        epochs=5,
        resume=True,
    )
    assert told.epochs == 1


def test_without_validation_events_it_is_refused():
    with pytest.raises(SettingsError, match="no validation events to watch"):
        early_stopping(SETTINGS, validated=False)
