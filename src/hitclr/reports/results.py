"""The file ``results.json``: what was trained, on what, and how well it did."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    model_validator,
)

from hitclr.reports.json_file import load_json

__all__ = [
    "Chosen",
    "Confusion",
    "Count",
    "Epoch",
    "Fed",
    "FewLabels",
    "Number",
    "Results",
    "Reweighting",
    "Row",
    "Score",
    "Seconds",
    "Selection",
    "Skipped",
    "load_results",
]


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _named(value: Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(value.get("name"), str):
        message = "expected a mapping with a key 'name' that holds text"
        raise ValueError(message)  # noqa: TRY004 - pydantic takes ValueError only
    return value


Number = Annotated[float | None, AfterValidator(_finite)]
"""A number, or None where there is none; NaN and infinities read as None."""

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""A time span."""

Named = Annotated[Mapping[str, Any], AfterValidator(_named)]
"""A name and its options."""


class Row(BaseModel):
    """A row of a table; keys that this version does not know are passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Count(Row):
    """The events of one sample and class in each split; an empty class means not known."""

    sample: str
    label: str = Field(alias="class")
    train: NonNegativeInt
    validation: NonNegativeInt
    test: NonNegativeInt


class Fed(Row):
    """Events of one sample that the method was fed.

    Attributes:
        split: the key ``set``: training, or validation.
        use: ``steps``: the steps went through them; ``beside``: they are of the target, and each
            step had as many of them beside its own, without their labels; ``after``: they are of
            the target, and the method looked at them after training, without their labels.
        sample: the name of the sample.
        events: how many there are.
        unlabelled: how many of them had no label that the method could see.
    """

    split: Literal["train", "validation"] = Field(alias="set")
    use: Literal["steps", "beside", "after"]
    sample: str
    events: NonNegativeInt
    unlabelled: NonNegativeInt


class Skipped(Row):
    """Files or events that were left out, and why."""

    unit: Literal["file", "event"]
    reason: str
    sample: str
    label: str = Field(alias="class")
    count: NonNegativeInt


class Score(Row):
    """One score with its 95 % interval; an empty sample means all of them together."""

    split: str = Field(alias="set")
    sample: str
    metric: str
    value: Number
    low: Number
    high: Number
    events: NonNegativeInt
    note: str = ""


class Confusion(Row):
    """A confusion matrix [C, C]: rows are the truth, columns what was predicted."""

    split: str = Field(alias="set")
    sample: str
    matrix: tuple[tuple[NonNegativeInt, ...], ...]


class Epoch(Row):
    """The losses of one epoch, numbered as they were during the training."""

    epoch: int
    train_loss: Number
    validation_loss: Number


class WeightedVariable(Row):
    """A variable by which events were weighted, and its bins."""

    name: str
    edges: Annotated[tuple[float, ...], Field(min_length=2)]


class WeightedClass(Row):
    """What the weights made of the training events of a class.

    Attributes:
        label: the key ``class``.
        events: how many there are.
        outside: how many are outside of the bins, and have the weight of the nearest.
        zero: how many have the weight 0, since the reference has none there.
        smallest: the smallest factor of an event.
        largest: the largest.
        effective: as how many events of equal weight they count.
    """

    label: str = Field(alias="class")
    events: NonNegativeInt
    outside: NonNegativeInt
    zero: NonNegativeInt
    smallest: float
    largest: float
    effective: float


class Reweighting(Row):
    """How the training events were weighted.

    Attributes:
        reference: ``flat``, or the class whose distribution all got.
        variables: one or two, with their bins.
        classes: a row for each class.
        sums: [C, K1 (, K2)], the weights of each bin before.
        factors: [C, K1 (, K2)], what they were multiplied by.
    """

    reference: str
    variables: tuple[WeightedVariable, ...] = Field(min_length=1)
    classes: tuple[WeightedClass, ...]
    sums: tuple[Any, ...]
    factors: tuple[Any, ...]

    @model_validator(mode="after")
    def _tables_fit(self) -> Reweighting:
        shape = (len(self.classes), *(len(variable.edges) - 1 for variable in self.variables))
        for key in ("sums", "factors"):
            try:
                found = np.array(getattr(self, key), dtype=np.float64).shape
            except (TypeError, ValueError):
                found = None
            if found != shape:
                message = f"{key}: expected numbers {list(shape)}, got {found or 'something else'}"
                raise ValueError(message)
        return self


class Chosen(Row):
    """The score of the model at the end of an epoch; None where it was infinite."""

    epoch: NonNegativeInt
    score: Number


class Selection(Row):
    """How the model was chosen.

    Attributes:
        validator: its name; ``last`` where the last epoch's model is kept.
        looks_at: what it looked at; ``truth``: also labels of the target domain.
        epoch: the epoch whose model was kept; None for the last, without a validator or where no
            score is finite.
        scores: epoch by epoch.
    """

    validator: str
    looks_at: Literal["loss", "source", "target", "truth"] | None
    epoch: NonNegativeInt | None
    scores: tuple[Chosen, ...] = ()


class FewLabels(Score):
    """The score of a probe that was fitted on a fraction of the labelled training events.

    Attributes:
        fraction: the fraction.
        labels: how many events that is.
    """

    fraction: float
    labels: NonNegativeInt


class Results(Row):
    """The content of ``results.json``.

    Attributes:
        title: the headline of the report.
        created: when the run ended.
        versions: the version of each package that made the numbers.
        seed: the seed of the run.
        method: the training method: ``name`` and its options.
        encoder: the encoder: ``name``, its options, and ``parameters``, how many it has.
        settings: all settings of the run.
        notes: what a reader must know about the data.
        classes: the class of each value of ``y``.
        samples: the sample of each value of ``domain``.
        position_unit: the unit of the positions; empty where there is none.
        counts: the events by sample, class and split.
        skipped: what was left out.
        scores: the scores, the most important first.
        confusion: the confusion matrices.
        history: the losses, epoch by epoch.
        seconds: how long each stage took, in seconds.
        reweighting: how the training events were weighted; None where they were not.
        selection: how the model was chosen among those of all epochs.
        few_labels: the scores of probes on few labels.
        fed: what the method was fed; empty in the files of versions that did not record it.
    """

    title: str
    created: datetime
    versions: Mapping[str, str]
    seed: int
    method: Named
    encoder: Named
    settings: Mapping[str, Any]
    notes: tuple[str, ...]
    classes: tuple[str, ...]
    samples: tuple[str, ...]
    position_unit: str
    counts: tuple[Count, ...]
    skipped: tuple[Skipped, ...]
    scores: tuple[Score, ...]
    confusion: tuple[Confusion, ...]
    history: tuple[Epoch, ...]
    seconds: Mapping[str, Seconds]
    reweighting: Reweighting | None = None
    selection: Selection | None = None
    few_labels: tuple[FewLabels, ...] = ()
    fed: tuple[Fed, ...] = ()

    @model_validator(mode="after")
    def _matrices_fit_classes(self) -> Results:
        size = len(self.classes)
        for index, confusion in enumerate(self.confusion):
            lengths = [len(row) for row in confusion.matrix]
            if lengths != [size] * size:
                message = (
                    f"confusion.{index}.matrix: expected {size} rows of {size} numbers, one for "
                    f"each of the classes, got rows of {lengths}"
                )
                raise ValueError(message)
        return self


def load_results(path: Path) -> Results:
    """Read ``results.json``.

    Args:
        path: the file.

    Raises:
        OutputError: the file is missing, is not JSON, lacks a key, or a value is of another kind
            than expected.
    """
    return load_json(path, Results, "run", "train or evaluate again")
