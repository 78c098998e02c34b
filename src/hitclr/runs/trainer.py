"""Lightning's trainer, as the settings say."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.fabric.plugins.environments.slurm import SLURMEnvironment
from lightning.fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

from hitclr.config import Settings, TrainerSettings
from hitclr.errors import SettingsError
from hitclr.rng import seed_for
from hitclr.runs.checkpoints import checkpoints
from hitclr.runs.folder import CHECKPOINTS, LAST
from hitclr.runs.training import cuda_capability, resolve_precision

__all__ = ["build_trainer", "process_rank", "world_size"]


def world_size(settings: TrainerSettings) -> int:
    """How many processes train together."""
    return settings.devices * settings.num_nodes


def process_rank(settings: TrainerSettings) -> int:
    """The number of this process among those that train together; 0 where it is alone.

    It is known before there is a trainer: torchrun and SLURM tell each process, and so does
    Lightning where it starts the others.
    """
    if world_size(settings) < 2:
        return 0
    # Those that Lightning starts within a task of SLURM have the task's number, too.
    node = int(os.environ.get("NODE_RANK", "0")) * settings.devices
    for name, offset in (("RANK", 0), ("LOCAL_RANK", node), ("SLURM_PROCID", 0)):
        if name in os.environ:
            return int(os.environ[name]) + offset
    return 0


def build_trainer(
    settings: Settings, out: Path, callbacks: Sequence[L.Callback], *, validated: bool
) -> L.Trainer:
    """The trainer of a run, with its checkpoints and logs.

    Args:
        settings: of the run.
        out: the folder of the run.
        callbacks: what else is called as training goes.
        validated: whether there are validation events.

    Raises:
        SettingsError: Lightning refuses the settings, such as a device that is not there.
    """
    chosen = settings.trainer
    written = checkpoints(out / CHECKPOINTS, LAST, chosen.checkpoint_minutes)
    several = world_size(chosen) > 1
    bars = L.pytorch.callbacks.ProgressBar
    try:
        trainer = L.Trainer(
            max_epochs=chosen.epochs,
            accelerator=chosen.accelerator,
            devices=chosen.devices,
            num_nodes=chosen.num_nodes,
            strategy="ddp" if several else "auto",
            use_distributed_sampler=False,  # the plan of the data module gives each its share
            # Any of Lightning's names.
            precision=resolve_precision(  # type: ignore[arg-type]
                chosen.precision, cuda_capability(chosen.accelerator)
            ),
            gradient_clip_val=chosen.gradient_clip,
            logger=[CSVLogger(out, name="logs"), TensorBoardLogger(str(out), name="tensorboard")],
            default_root_dir=out,
            plugins=[_environment(several)],
            # The seed last of those at the begin of a step: others may draw there.
            callbacks=[*callbacks, StepSeed(settings.seed), *written],
            enable_progress_bar=any(isinstance(callback, bars) for callback in callbacks),
            enable_model_summary=False,
            num_sanity_val_steps=0,
            limit_val_batches=None if validated else 0,
            log_every_n_steps=1,
            # Not on a CPU: torch has no such layer there.
            sync_batchnorm=several and torch.cuda.is_available() and chosen.accelerator != "cpu",
        )
    except (MisconfigurationException, ValueError, RuntimeError) as error:
        message = f"trainer: Lightning refuses these settings: {error}"
        raise SettingsError(message) from error
    return trainer


def _environment(several: bool) -> Any:
    """Who starts the processes. One process is alone, whatever batch system it runs under."""
    if several:
        for kind in (TorchElasticEnvironment, SLURMEnvironment):
            if kind.detect():
                return kind()
    return LightningEnvironment()


class StepSeed(L.Callback):
    """Seeds torch's default generators before each step, for encoders with dropout.

    The generator's state is not in a checkpoint; seeded by (seed, epoch, step) it need not be.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Called by Lightning."""
        key: tuple[int, ...] = (trainer.current_epoch, batch_idx)
        if trainer.global_rank:
            key = (*key, trainer.global_rank)
        torch.manual_seed(seed_for(self.seed, "model", *key))
