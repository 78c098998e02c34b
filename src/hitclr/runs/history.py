"""The losses of a run, epoch by epoch, and what they cost."""

from __future__ import annotations

import time
from typing import Any

import lightning as L
import torch
from torch import Tensor

__all__ = ["History"]


class History(L.Callback):
    """Keeps the mean losses of each epoch; a resumed run has those from before, too.

    The training loss is summed here, since Lightning's own sums do not outlive an epoch that is
    interrupted. Of several processes, each sums its own and all means are over all.

    Attributes:
        rows: one ``{"epoch", "train_loss", "validation_loss"}`` per epoch; None where there is no
            such loss.
        encoded: how many views of events the training steps had so far, those of a target with
            them.
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.encoded = 0
        self._seconds = 0.0
        self._running_since: float | None = None
        self._sum: Tensor | float = 0.0
        self._events = self._views = 0

    @property
    def seconds(self) -> float:
        """How long the training took so far; steps that a resumed run did again count once."""
        since = self._running_since
        return self._seconds + (0.0 if since is None else time.perf_counter() - since)

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Called by Lightning."""
        self._running_since = time.perf_counter()

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Called by Lightning."""
        self._seconds, self._running_since = self.seconds, None

    def on_train_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Called by Lightning."""
        if batch_idx == 0:
            self._sum, self._events, self._views = 0.0, 0, 0
        events = batch[0].num_graphs
        self._sum = self._sum + outputs["loss"].detach().double() * events
        self._events += events
        self._views += sum(view.num_graphs for view in batch)

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Called by Lightning."""
        metrics = trainer.callback_metrics
        known = "validation_loss" in metrics
        own = torch.tensor([float(self._sum), self._events, self._views], dtype=torch.float64)
        total, events, views = trainer.strategy.reduce(
            own.to(trainer.strategy.root_device), reduce_op="sum"
        ).tolist()
        self.encoded += round(views)
        self.rows.append(
            {
                "epoch": trainer.current_epoch,
                "train_loss": total / events if events else None,
                "validation_loss": float(metrics["validation_loss"]) if known else None,
            }
        )

    def state_dict(self) -> dict[str, Any]:
        """Called by Lightning."""
        return {
            "rows": self.rows,
            "encoded": self.encoded,
            "seconds": self.seconds,
            "sum": float(self._sum),
            "events": self._events,
            "views": self._views,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Called by Lightning."""
        self.rows = list(state_dict["rows"])
        self.encoded = state_dict["encoded"]
        self._seconds = state_dict.get("seconds", 0.0)  # older checkpoints have none
        self._sum, self._events = state_dict["sum"], state_dict["events"]
        self._views = state_dict["views"]
