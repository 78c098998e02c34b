"""The exponential moving average of the weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import lightning as L
import torch
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor

__all__ = ["EmaWeights", "ema_update"]


def ema_update(decay: float) -> Callable[[Sequence[Tensor], Sequence[Tensor], Tensor], None]:
    """A step of an exponential moving average, for torch's ``AveragedModel``.

    After n steps the average keeps ``min(decay, (1 + n) / (10 + n))`` of itself, so that it follows
    fast as long as the weights change fast, and has soon forgotten the first ones.

    Numbers that do not change, such as the scales of the inputs, stay what they are to the last
    bit. What is not floating point, such as counters, is not averaged but taken over.

    Args:
        decay: what the average keeps of itself in the end, from 0 to below 1.

    Returns:
        A function of the averages, the current values of the same dtype, and n, int64 [].
    """

    @torch.no_grad()
    def update(averages: Sequence[Tensor], values: Sequence[Tensor], number: Tensor) -> None:
        if not averages[0].is_floating_point():
            for average, value in zip(averages, values, strict=True):
                average.copy_(value)
            return
        share = 1 - ((1 + number) / (10 + number)).clamp(max=decay)
        step = torch._foreach_sub(list(values), list(averages))
        torch._foreach_mul_(step, share)
        torch._foreach_add_(list(averages), step)

    return update


class EmaWeights(WeightAveraging):
    """Lightning's weight averaging with `ema_update`, after each step.

    The average is what is validated, stored as the model, and left in the method at the end. Batch
    normalisation has running statistics, which are averaged like weights. The current weights are
    in checkpoints, too, so that a resumed run gives the same numbers.

    Callbacks that look at the averaged weights in ``on_validation_epoch_end`` come before this one.

    Args:
        decay: what the average keeps of itself in a step, from 0 to below 1; it averages over about
            ``1 / (1 - decay)`` steps.
    """

    def __init__(self, decay: float) -> None:
        super().__init__(multi_avg_fn=ema_update(decay))

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Called by Lightning; the weights may not yet be on the device that they train on."""
        self._device = trainer.strategy.root_device
        super().setup(trainer, pl_module, stage)

    def on_fit_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Called by Lightning, also where a finished training is resumed and none is left to do."""
        self._copy_average_to_current(pl_module)
