"""Stopping when a score gets no better."""

from __future__ import annotations

import lightning as L
from lightning.pytorch.callbacks import EarlyStopping
from lightning.pytorch.callbacks.early_stopping import EarlyStoppingReason

from hitclr.config import EarlyStoppingSettings
from hitclr.errors import SettingsError

__all__ = ["StopEarly", "early_stopping"]


class StopEarly(EarlyStopping):
    """Lightning's ``EarlyStopping``; a run that was stopped stays so when it is resumed."""

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Called by Lightning."""
        if self.stopping_reason != EarlyStoppingReason.NOT_STOPPED:
            trainer.should_stop = True


def early_stopping(
    settings: EarlyStoppingSettings,
    *,
    validated: bool,
    monitor: str = "validation_loss",
    higher_is_better: bool = False,
) -> StopEarly:
    """The callback that stops when a logged value has not got better for so many epochs.

    A loss that is not finite stops, too.

    Args:
        settings: when to stop.
        validated: whether there are validation events.
        monitor: the name of the logged value.
        higher_is_better: whether it is a score; if not, it is a loss.

    Raises:
        SettingsError: there are no validation events.
    """
    if not validated:
        message = (
            "trainer.early_stopping: there are no validation events to watch: make "
            "data.split.validation larger, or leave early_stopping out"
        )
        raise SettingsError(message)
    return StopEarly(
        monitor,
        min_delta=settings.min_delta,
        patience=settings.patience,
        mode="max" if higher_is_better else "min",
        check_on_train_epoch_end=True,
    )
