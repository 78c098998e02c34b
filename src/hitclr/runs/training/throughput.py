"""How fast a run trains, and how much memory of the GPU it takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import lightning as L
import torch

__all__ = ["Throughput"]


class Throughput(L.Callback):
    """Logs the pace of each epoch of training, validation and checkpoints left out.

    It logs ``events_per_s``, ``views_per_s`` (each view of an event is encoded) and, on a CUDA
    device, ``gpu_memory_mb``, the highest memory of tensors in 1e6 bytes, with validation. Of
    several processes, the paces are added up, and the memory is that of the fullest device.

    Args:
        clock: gives the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.clock = clock
        self._begun = self._ended = 0.0
        self._events = self._views = 0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Called by Lightning; an epoch that is resumed in its middle does not start anew."""
        self.on_train_epoch_start(trainer, pl_module)

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Called by Lightning."""
        device = trainer.strategy.root_device
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        self._events = self._views = 0
        self._begun = self._ended = self.clock()

    def on_train_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Called by Lightning."""
        self._events += batch[0].num_graphs
        self._views += sum(view.num_graphs for view in batch)
        device = trainer.strategy.root_device
        if trainer.is_last_batch and device.type == "cuda":
            torch.cuda.synchronize(device)  # steps may still be on their way
        self._ended = self.clock()

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Called by Lightning."""
        seconds = self._ended - self._begun
        if seconds > 0:
            for name, number in (("events_per_s", self._events), ("views_per_s", self._views)):
                pl_module.log(name, number / seconds, sync_dist=True, reduce_fx="sum")
        device = trainer.strategy.root_device
        if device.type == "cuda":
            peak = torch.cuda.max_memory_allocated(device) / 1e6
            pl_module.log("gpu_memory_mb", peak, sync_dist=True, reduce_fx="max")
