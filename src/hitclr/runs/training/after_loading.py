"""Telling plugins of each batch that was loaded."""

from __future__ import annotations

from typing import Any

import lightning as L

from hitclr.plugins import Plugins

__all__ = ["AfterLoading"]


class AfterLoading(L.Callback):
    """Calls the hooks ``after_loading`` before each step, in the process that trains.

    Args:
        plugins: whose hooks.
    """

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Called by Lightning."""
        self._tell(trainer, batch, "train", batch_idx)

    def on_validation_batch_start(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Called by Lightning."""
        self._tell(trainer, batch, "validation", batch_idx)

    def _tell(self, trainer: L.Trainer, views: Any, split: str, step: int) -> None:
        epoch = trainer.current_epoch
        self._plugins.tell("after_loading", views=views, split=split, epoch=epoch, step=step)
