"""The losses of a run, epoch by epoch."""

from __future__ import annotations

from typing import Any

import lightning as L

__all__ = ["History"]


class History(L.Callback):
    """Keeps the mean losses of each epoch; a resumed run has those from before, too.

    Attributes:
        rows: one ``{"epoch", "train_loss", "validation_loss"}`` per epoch; None where there is no
            such loss.
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Called by Lightning."""
        metrics = trainer.callback_metrics
        row: dict[str, Any] = {"epoch": trainer.current_epoch}
        for name in ("train_loss", "validation_loss"):
            row[name] = float(metrics[name]) if name in metrics else None
        self.rows.append(row)

    def state_dict(self) -> dict[str, Any]:
        """Called by Lightning."""
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Called by Lightning."""
        self.rows = list(state_dict["rows"])
