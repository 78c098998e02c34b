"""When checkpoints are written."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import ModelCheckpoint

__all__ = ["checkpoints"]


def checkpoints(folder: Path, name: str, minutes: float) -> list[ModelCheckpoint]:
    """Callbacks that write one checkpoint, again and again: with each epoch, and every so often.

    Args:
        folder: where it is written.
        name: its file name.
        minutes: how often, besides the end of each epoch.
    """
    stem = name.removesuffix(".ckpt")
    return [
        ModelCheckpoint(
            folder, filename=stem, save_on_train_epoch_end=True, enable_version_counter=False
        ),
        _WithinEpoch(
            folder,
            filename=stem,
            train_time_interval=timedelta(minutes=minutes),
            enable_version_counter=False,
        ),
    ]


class _WithinEpoch(ModelCheckpoint):
    """Leaves the last step to the end of the epoch, when the validation is over, too."""

    def on_train_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Called by Lightning."""
        if not trainer.is_last_batch:
            super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)
