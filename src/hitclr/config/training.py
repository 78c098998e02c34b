"""How a model is trained and read out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from hitclr.config.base import SettingsBase
from hitclr.methods.schedules import Schedule

__all__ = [
    "EarlyStoppingSettings",
    "EmaSettings",
    "OptimizerSettings",
    "PretrainedSettings",
    "ProbeSettings",
    "SwadSettings",
    "TrainerSettings",
]


class OptimizerSettings(SettingsBase):
    """AdamW, and how its learning rate moves.

    Attributes:
        lr: the highest learning rate.
        weight_decay: on weight matrices.
        warmup: the fraction of all steps in which the rate rises.
        schedule: ``cosine``, a cosine to 0 after that; ``one-cycle``; or ``constant``.
    """

    lr: float = Field(default=2e-3, gt=0)
    weight_decay: float = Field(default=0.01, ge=0)
    warmup: float = Field(default=0.1, ge=0, lt=1)
    schedule: Schedule = "cosine"


class EmaSettings(SettingsBase):
    """An exponential moving average of the weights; it keeps ``decay`` of itself in a step."""

    name: Literal["ema"]
    decay: float = Field(default=0.999, ge=0, lt=1)


class SwadSettings(SettingsBase):
    """The mean of the weights over the valley of the validation loss (arXiv:2102.08361).

    Attributes:
        converge: it begins at an epoch whose loss is not undercut in so many; the paper's N_s.
        overfit: it ends when the loss has been above the threshold for so many; the paper's N_e.
        tolerance: the threshold over the mean loss of the first epochs; the paper's r.
    """

    name: Literal["swad"]
    converge: int = Field(default=3, ge=1)
    overfit: int = Field(default=6, ge=1)
    tolerance: float = Field(default=1.3, ge=1)


class EarlyStoppingSettings(SettingsBase):
    """When training stops before its time. A number alone is the patience.

    Attributes:
        patience: epochs without a better validation loss.
        min_delta: how much better it must be.
    """

    patience: int = Field(default=10, ge=1)
    min_delta: float = Field(default=0.0, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _from_patience(cls, value: Any) -> Any:
        number = isinstance(value, int) and not isinstance(value, bool)
        return {"patience": value} if number else value


class TrainerSettings(SettingsBase):
    """How long and on what is trained; names and values are Lightning's.

    Attributes:
        epochs: how often the training events are gone through.
        accelerator: Lightning's name of the device.
        devices: how many processes train together on a machine, each on a device of its own, and
            each with ``data.batch_size`` events a step.
        num_nodes: on how many machines; SLURM or torchrun starts the processes there.
        precision: Lightning's name of the number format; or ``auto``: mixed with bfloat16 or, on
            older GPUs, float16 on CUDA devices, and float32 elsewhere. Without it, float32, whose
            results agree best between devices.
        gradient_clip: the largest norm of the gradient.
        checkpoint_minutes: a checkpoint is written so often, besides that at the end of each epoch.
        average: the average of the weights that is kept, ``ema`` or ``swad``; ``none`` for the
            weights themselves.
        early_stopping: training stops when the validation loss has got no better for so long.
        compile: whether torch compiles the encoder. The first steps take longer, and numbers change
            by rounding.
    """

    epochs: int = Field(default=20, ge=1)
    accelerator: str = "auto"
    devices: int = Field(default=1, ge=1)
    num_nodes: int = Field(default=1, ge=1)
    precision: str = "32-true"
    gradient_clip: float | None = Field(default=1.0, gt=0)
    checkpoint_minutes: float = Field(default=10.0, gt=0)
    average: Annotated[EmaSettings | SwadSettings, Field(discriminator="name")] | None = None
    early_stopping: EarlyStoppingSettings | None = None
    compile: bool = False

    @field_validator("average", mode="before")
    @classmethod
    def _average_by_name(cls, value: Any) -> Any:
        if value == "none":
            return None
        return {"name": value} if isinstance(value, str) else value


class ProbeSettings(SettingsBase):
    """The linear classifier on the frozen representation.

    Attributes:
        views: how many views of each training event it is fitted on; 0 for the plain events.
        inverse_penalty: scikit-learn's ``C`` of the logistic regression.
        fractions: besides on all, it is fitted on these fractions of the labelled training events,
            of whatever method, to show how many labels it takes.
    """

    views: int = Field(default=2, ge=0)
    inverse_penalty: float = Field(default=1.0, gt=0)
    fractions: tuple[Annotated[float, Field(gt=0, le=1)], ...] = ()


class PretrainedSettings(SettingsBase):
    """The encoder of a trained model, to begin with. The name of its file alone will do.

    Attributes:
        checkpoint: the ``model.ckpt`` of its run.
        train: which of its weights are trained on: ``all``; ``none``, so that only a head is; or
            those whose names begin with one of these, such as ``[head, norm]``.
    """

    checkpoint: str
    train: Literal["all", "none"] | tuple[str, ...] = "all"

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"checkpoint": value} if isinstance(value, str) else value
