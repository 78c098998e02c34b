"""Progress for logs that are not a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable

import lightning as L

__all__ = ["EpochLines"]


class EpochLines(L.Callback):
    """Says one line per epoch: the losses and the time left.

    Args:
        say: called with the line.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self._started = 0.0
        self._first = 0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Called by Lightning."""
        self._started = time.monotonic()
        self._first = trainer.current_epoch

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Called by Lightning."""
        done, total = trainer.current_epoch + 1, trainer.max_epochs or 0
        pace = (time.monotonic() - self._started) / max(1, done - self._first)
        losses = ", ".join(
            f"{name.replace('_', ' ')} {float(trainer.callback_metrics[name]):.4f}"
            for name in ("train_loss", "validation_loss")
            if name in trainer.callback_metrics
        )
        self.say(f"epoch {done} of {total}: {losses} ({pace * (total - done):.0f} s left)")
