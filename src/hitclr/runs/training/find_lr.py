"""Finding a learning rate: a short training whose rate rises step by step."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import numpy.typing as npt
from lightning.fabric.plugins.environments.lightning import LightningEnvironment

from hitclr.build import spell_out_views
from hitclr.config import Settings
from hitclr.errors import HitclrError, SettingsError
from hitclr.io import Progress
from hitclr.methods import Method
from hitclr.plugins import Plugins
from hitclr.runs.prepare import describe, prepare
from hitclr.runs.trainer import StepSeed
from hitclr.runs.training.precision import cuda_capability, resolve_precision

__all__ = ["LearningRateCurve", "find_learning_rate", "suggest", "sweep"]


@dataclass(frozen=True)
class LearningRateCurve:
    """The loss against the learning rate.

    Attributes:
        rates: [S] float64, rising by a constant factor.
        losses: [S] float64, of the step with each rate.
        smooth: [S] float64, the losses averaged over neighbours.
        suggestion: where the smooth losses fall most steeply; None where they do not fall.
    """

    rates: npt.NDArray[np.float64]
    losses: npt.NDArray[np.float64]
    smooth: npt.NDArray[np.float64]
    suggestion: float | None


def find_learning_rate(
    settings: Settings,
    plugins: Plugins,
    *,
    base: Path,
    lowest: float = 1e-6,
    highest: float = 1.0,
    steps: int = 100,
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> LearningRateCurve:
    """Prepare a run and train it for some steps with rising learning rates; nothing is kept.

    Args:
        settings: of the run. One process does it, on one device.
        plugins: the registries.
        base: the folder that relative file names in the settings start from.
        lowest: the rate of the first step, above 0.
        highest: the rate of the last step.
        steps: how many there are, unless the loss runs away before.
        progress: called while files are read.
        say: called with a line of text for people at each stage.

    Raises:
        HitclrError: settings, files or data do not do, or the rates are out of order.
    """
    require_sweep(lowest, highest, steps)
    settings = spell_out_views(settings, plugins)
    prepared = prepare(settings, plugins, base=base, progress=progress, say=say)
    say(describe(prepared))
    return sweep(
        prepared.method, prepared.data, settings, lowest=lowest, highest=highest, steps=steps
    )


def sweep(
    method: Method,
    data: L.LightningDataModule,
    settings: Settings,
    *,
    lowest: float,
    highest: float,
    steps: int,
) -> LearningRateCurve:
    """The range test of Smith 2017 (arXiv:1506.01186, section 3.3), with rates in powers.

    The training is the run's own: optimiser, clipping, precision, order of the events and seeds;
    without validation. The method has its weights back afterwards, whatever happens.

    Args:
        method: the method.
        data: what feeds it.
        settings: of the run.
        lowest: the rate of the first step.
        highest: the rate of the last step.
        steps: how many there are.

    Raises:
        HitclrError: the rates are out of order, or no loss was finite.
    """
    require_sweep(lowest, highest, steps)
    before = {name: value.detach().clone() for name, value in method.state_dict().items()}
    rising = _Rising(lowest, highest, steps)
    chosen = settings.trainer
    capability = cuda_capability(chosen.accelerator)
    try:
        with warnings.catch_warnings():
            # Lightning's own use of torch, and what is for the user to say.
            warnings.filterwarnings("ignore", ".*treespec, LeafSpec.*", FutureWarning)
            warnings.filterwarnings("ignore", ".*does not have many workers.*")
            warnings.filterwarnings("ignore", ".*GPU available but not used.*")
            # The rate is set before each step, and the schedule that the method has does nothing.
            warnings.filterwarnings("ignore", ".*lr_scheduler.step.*")
            trainer = L.Trainer(
                max_steps=steps,
                max_epochs=-1,
                accelerator=chosen.accelerator,
                devices=1,
                precision=resolve_precision(chosen.precision, capability),  # type: ignore[arg-type]
                gradient_clip_val=chosen.gradient_clip,
                plugins=[LightningEnvironment()],
                callbacks=[StepSeed(settings.seed), rising],
                logger=False,
                enable_checkpointing=False,
                enable_progress_bar=False,
                enable_model_summary=False,
                num_sanity_val_steps=0,
                limit_val_batches=0,
            )
            trainer.fit(method, datamodule=data)
    finally:
        method.load_state_dict(before)
        method.progress = 0.0
    if not rising.losses:
        message = "find-lr: there was no step with a finite loss; look at the data and the features"
        raise HitclrError(message)
    rates = np.array(rising.rates[: len(rising.losses)])
    losses = np.array(rising.losses)
    smooth = _smoothed(losses, max(1, len(losses) // 20))
    return LearningRateCurve(rates, losses, smooth, suggest(rates, smooth))


def require_sweep(lowest: float, highest: float, steps: int) -> None:
    """Check a range of learning rates.

    Raises:
        SettingsError: it is not one.
    """
    if not 0 < lowest < highest < math.inf or steps < 10:
        message = (
            f"find-lr: expected 0 < lowest < highest and 10 steps or more, got {lowest:g}, "
            f"{highest:g} and {steps}"
        )
        raise SettingsError(message)


def suggest(rates: npt.NDArray[np.float64], smooth: npt.NDArray[np.float64]) -> float | None:
    """The rate at which a smooth loss falls most steeply against the logarithm of the rate.

    Only what is before the lowest loss counts, so that the way down from a later peak does not.

    Args:
        rates: [S], rising.
        smooth: [S], the loss.

    Returns:
        None where the loss is lowest at the lowest rate.
    """
    lowest = int(np.argmin(smooth))
    if not lowest:
        return None
    slope = np.gradient(smooth[: lowest + 1], np.log(rates[: lowest + 1]))
    return float(rates[int(np.argmin(slope))])


def _smoothed(values: npt.NDArray[np.float64], reach: int) -> npt.NDArray[np.float64]:
    """The mean over ``reach`` neighbours on each side, fewer at the ends but as many on both."""
    count = len(values)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    places = np.arange(count)
    own = np.minimum(reach, np.minimum(places, count - 1 - places))
    found: npt.NDArray[np.float64] = (sums[places + own + 1] - sums[places - own]) / (2 * own + 1)
    return found


class _Rising(L.Callback):
    """Sets the learning rate of each step, keeps its loss, and stops when the loss runs away."""

    def __init__(self, lowest: float, highest: float, steps: int) -> None:
        self.rates: list[float] = np.geomspace(lowest, highest, steps).tolist()
        self.losses: list[float] = []
        self._moving = 0.0
        self._best = math.inf

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Called by Lightning."""
        for optimizer in trainer.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.rates[len(self.losses)]

    def on_train_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Called by Lightning."""
        loss = float(outputs["loss"])
        if not math.isfinite(loss):
            trainer.should_stop = True
            return
        self.losses.append(loss)
        number = len(self.losses)
        self._moving = 0.8 * self._moving + 0.2 * loss
        mean = self._moving / (1 - 0.8**number)
        self._best = min(self._best, mean)
        if number > 10 and mean > 4 * abs(self._best):
            trainer.should_stop = True
