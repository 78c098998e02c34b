"""SWAD: the mean of the weights of all steps in the valley of the validation loss."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import lightning as L
import torch
from torch import Tensor

from hitclr.errors import HitclrError
from hitclr.runs.training.valley import LossValley, Segment

__all__ = ["SwadWeights"]


class SwadWeights(L.Callback):
    """Averages weights densely, and stops when the model overfits (Cha et al. 2021, 2102.08361).

    The weights after each step are averaged over the valley of the validation loss, which is
    evaluated once an epoch, of the weights as they are then; see `LossValley`. When training is
    over, the method has the average. Where the valley was never reached, that is the average over
    the last epoch, and a line says so.

    Running statistics of batch normalisation are averaged like weights; what is not floating point
    is taken from the last step. The averages of epochs that are not decided on are in memory (of
    the CPU) and in the checkpoints, for a resumed run to give the same numbers: those of
    ``max(converge, overfit)`` epochs, and two more.

    Args:
        converge: begin at an epoch whose loss is not undercut in this many, itself among them.
        overfit: end when the loss has been above the threshold for this many epochs.
        tolerance: the threshold over the mean loss of the first epochs.
        say: called with a line of text for people.
    """

    def __init__(
        self, converge: int, overfit: int, tolerance: float, say: Callable[[str], None]
    ) -> None:
        self.valley = LossValley(converge, overfit, tolerance)
        self.say = say
        self._means: dict[str, Tensor] = {}
        self._steps = 0
        self._latest_step = 0
        self._finished = False

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Called by Lightning; a run that had ended stays so when it is resumed."""
        if self.valley.ended:
            trainer.should_stop = True

    @torch.no_grad()
    def on_train_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Called by Lightning."""
        if trainer.global_step == self._latest_step:  # gradients are still being added up
            return
        self._latest_step = trainer.global_step
        self._steps += 1
        for name, value in pl_module.state_dict().items():
            if not value.is_floating_point() or self._steps == 1:
                # A mean in half precision would soon stand still.
                wide = value.is_floating_point() and value.element_size() < 4
                self._means[name] = value.detach().clone().float() if wide else value.clone()
            else:
                mean = self._means[name].to(value.device)
                self._means[name] = mean.lerp_(value.to(mean.dtype), 1 / self._steps)

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Called by Lightning."""
        loss = float(trainer.callback_metrics["validation_loss"])
        epoch = trainer.current_epoch
        if not math.isfinite(loss):
            message = (
                f"trainer.average: the validation loss is {loss} in epoch {epoch}: the training "
                f"diverged; a lower optimizer.lr or trainer.gradient_clip helps"
            )
            raise HitclrError(message)
        if not self._steps:
            return
        state = {name: mean.cpu() for name, mean in self._means.items()}
        self.valley.add(Segment(epoch, epoch, self._steps, loss, state))
        self._means, self._steps = {}, 0
        if self.valley.ended:
            trainer.should_stop = True

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Called by Lightning."""
        self._finish(pl_module)

    def on_fit_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Called by Lightning, also where a finished training is resumed and none is left to do."""
        self._finish(pl_module)

    def _finish(self, method: L.LightningModule) -> None:
        average = self.valley.average()
        if self._finished or average is None:
            return
        self._finished = True
        method.load_state_dict(dict(average.state))
        where = f"SWAD: the weights are the mean over {average.steps} steps of "
        where += f"epochs {average.first + 1} to {average.last + 1}"
        if self.valley.threshold is None:
            where += (
                ", the last one alone: the validation loss was still falling, so there is no "
                "valley to average over. More trainer.epochs or a smaller trainer.average.converge "
                "may help."
            )
        elif self.valley.ended:
            where += ", after which the validation loss rose"
        else:
            where += ", the last; the validation loss did not rise again"
        self.say(where)

    def state_dict(self) -> dict[str, Any]:
        """Called by Lightning; empty once the method has the average, which is the model then."""
        if self._finished:
            return {}
        return {
            "valley": self.valley.state_dict(),
            "means": self._means,
            "steps": self._steps,
            "latest_step": self._latest_step,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Called by Lightning."""
        self.valley.load_state_dict(state_dict["valley"])
        self._means, self._steps = dict(state_dict["means"]), state_dict["steps"]
        self._latest_step = state_dict["latest_step"]
