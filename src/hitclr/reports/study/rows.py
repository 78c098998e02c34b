"""The rows of ``study.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, NonNegativeInt

from hitclr.reports.results import Epoch, Number, Row, Seconds

__all__ = [
    "Axis",
    "CellState",
    "Comparison",
    "Cost",
    "CurvePoint",
    "Domain",
    "Invariance",
    "Losses",
    "Matrix",
    "Method",
    "Picked",
    "Quantity",
    "StudyScore",
    "StudySkip",
    "Throw",
]

Name = Annotated[str, Field(min_length=1)]


class Throw(Row):
    """A setting of the detector that is tested on: the values of its parameters."""

    name: Name
    values: Mapping[str, Number] = {}


class Axis(Row):
    """Throws that differ from the nominal one in one parameter, in the order of its value."""

    parameter: Name
    unit: str | None = None
    nominal: Number = None
    throws: tuple[Name, ...]


class Domain(Row):
    """What is trained on: the values of the detector's parameters, as far as they are known."""

    name: Name
    values: Mapping[str, Number] = {}


class Method(Row):
    """A line of the comparison.

    Attributes:
        name: of the line.
        method: the registered method.
        target: whether it sees the target, and is trained once for each.
        views: encoded views for each event and step.
        settings: as in the study file.
    """

    name: Name
    method: str
    target: bool
    views: NonNegativeInt | None = None
    settings: Mapping[str, Any] = {}


class CellState(Row):
    """A planned cell, and whether it is done."""

    method: str
    domain: str
    target: str | None
    seed: int
    done: bool


class StudyScore(Row):
    """A score of one cell on one throw, with its interval."""

    method: str
    domain: str
    target: str | None
    throw: str
    seed: int
    metric: str
    value: Number
    low: Number = None
    high: Number = None
    events: NonNegativeInt | None = None


class Quantity(Row):
    """An accuracy of a method over throws, with its interval and its values by seed.

    Attributes:
        quantity: ``mean``, ``worst``, ``nominal`` or ``area PARAMETER``.
        throws: how many throws it is of.
        seeds: the value of each seed.
        spread: the standard deviation over seeds.
    """

    method: str
    domain: str
    quantity: str
    value: Number
    low: Number = None
    high: Number = None
    throws: NonNegativeInt | None = None
    seeds: Mapping[int, Number] = {}
    spread: Number = None


class CurvePoint(Row):
    """The accuracy of a method on a throw, mean over seeds."""

    method: str
    domain: str
    throw: str
    value: Number
    low: Number = None
    high: Number = None
    spread: Number = None


class Comparison(Row):
    """The first method minus the second, and whether that survives Holm's correction."""

    domain: str
    first: str
    second: str
    quantity: str
    difference: Number
    low: Number = None
    high: Number = None
    p: Number = None
    p_holm: Number = None
    survives: bool | None = None
    events: NonNegativeInt | None = None
    seeds: NonNegativeInt | None = None


class Invariance(Row):
    """How far the embedding stays the same when the detector changes."""

    method: str
    domain: str
    seed: int
    throw: str | None
    metric: str
    value: Number


class Matrix(Row):
    """A confusion matrix [C, C], summed over seeds: rows are the truth."""

    method: str
    domain: str
    throw: str
    matrix: tuple[tuple[NonNegativeInt, ...], ...]


class Cost(Row):
    """What one cell took.

    Attributes:
        steps: steps of the optimiser.
        views: encoded views for each event and step.
        parameters: how many the encoder has.
        events: how many were trained on.
        select: how the model was chosen among those of all epochs.
    """

    method: str
    domain: str
    target: str | None
    seed: int
    seconds: Mapping[str, Seconds] = {}
    epochs: NonNegativeInt | None = None
    steps: NonNegativeInt | None = None
    views: NonNegativeInt | None = None
    parameters: NonNegativeInt | None = None
    events: NonNegativeInt | None = None
    device: str | None = None
    threads: NonNegativeInt | None = None
    select: str | None = None


class Losses(Row):
    """The losses of one cell, epoch by epoch."""

    method: str
    domain: str
    target: str | None
    seed: int
    history: tuple[Epoch, ...]


class Picked(Row):
    """The accuracy on the target of the epoch that the validator chose, and the oracle."""

    method: str
    domain: str
    target: str | None
    seed: int
    validator: str | None = None
    chosen_epoch: NonNegativeInt | None = None
    by_validator: Number = None
    by_oracle: Number = None


class StudySkip(Row):
    """What was left out on reading, and why."""

    sample: str
    reason: str
    count: NonNegativeInt
    unit: str = "event"
