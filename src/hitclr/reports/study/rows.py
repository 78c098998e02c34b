"""The rows of ``study.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeInt

from hitclr.reports.results import Epoch, Number, Row, Seconds

__all__ = [
    "Axis",
    "CellState",
    "Comparison",
    "Cost",
    "CurvePoint",
    "Domain",
    "FewLabelScore",
    "Invariance",
    "Losses",
    "Matrix",
    "Method",
    "Picked",
    "Quantity",
    "Shift",
    "ShiftComparison",
    "ShiftQuantity",
    "ShiftScore",
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
        labels: whether it sees the target's labels, too, so that it is a ceiling and no rival.
        views: encoded views for each event and step.
        settings: as in the study file.
    """

    name: Name
    method: str
    target: bool
    labels: bool = False
    views: NonNegativeInt | None = None
    settings: Mapping[str, Any] = {}


class CellState(Row):
    """A planned cell, and whether it is done."""

    method: str
    domain: str
    target: str | None
    left_out: str | None = None
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
    """The first method minus the second, and whether that survives Holm's correction.

    Attributes:
        throws: how many throws it is over: those that both have.
    """

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
    throws: NonNegativeInt | None = None
    events: NonNegativeInt | None = None
    seeds: NonNegativeInt | None = None


class Shift(Row):
    """A way in which the detector may change.

    Attributes:
        name: of the shift.
        parameters: that change in it.
        views: the augmentations that imitate it.
        throws: that belong to it.
    """

    name: Name
    parameters: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    throws: tuple[Name, ...]


class ShiftScore(Row):
    """The accuracy of one kind of training under one shift, the mean over its throws.

    Attributes:
        left_out: the shift that was left out of the training; None for none.
        shift: that it is tested on.
        modelled: whether the training shows something of it.
    """

    method: str
    domain: str
    left_out: str | None
    shift: str
    modelled: bool
    value: Number
    low: Number = None
    high: Number = None
    spread: Number = None


class ShiftQuantity(Row):
    """An accuracy of a method over modelled or unmodelled shifts.

    Attributes:
        group: ``modelled`` or ``unmodelled``.
        quantity: ``mean`` or ``worst`` over shifts, or ``shift NAME``.
    """

    method: str
    domain: str
    group: str
    quantity: str
    value: Number
    low: Number = None
    high: Number = None
    spread: Number = None


class ShiftComparison(Comparison):
    """A difference within a group; or of a method's modelled and unmodelled shifts."""

    group: str


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
        encoded: how many views of events were encoded in all of them, those of a target with them.
        views: encoded views for each event and step.
        collapsed: the last loss and that of a collapsed embedding, where it stayed there.
        parameters: how many the encoder has.
        events: how many were trained on.
        select: how the model was chosen among those of all epochs.
    """

    method: str
    domain: str
    target: str | None
    left_out: str | None = None
    seed: int
    seconds: Mapping[str, Seconds] = {}
    epochs: NonNegativeInt | None = None
    steps: NonNegativeInt | None = None
    encoded: NonNegativeInt | None = None
    collapsed: tuple[float, float] | None = None
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
    left_out: str | None = None
    seed: int
    history: tuple[Epoch, ...]


class Picked(Row):
    """The accuracy on the target of the epoch that the validator chose, and the oracle.

    Attributes:
        looks_at: what the validator looked at; ``truth``: the target's labels. None where the last
            epoch was kept, or it was not recorded.
    """

    method: str
    domain: str
    target: str | None
    seed: int
    validator: str | None = None
    looks_at: Literal["loss", "source", "target", "truth"] | None = None
    chosen_epoch: NonNegativeInt | None = None
    by_validator: Number = None
    by_oracle: Number = None
    oracle_epoch: NonNegativeInt | None = None


class FewLabelScore(Row):
    """The score of a probe on a fraction of the labels of one cell.

    Attributes:
        throw: that it is tested on; None where there was no probe.
        fraction: of the labelled training events.
        labels: how many events that is.
        note: why there is no value.
    """

    method: str
    domain: str
    seed: int
    throw: str | None
    fraction: float
    labels: NonNegativeInt
    metric: str
    value: Number
    low: Number = None
    high: Number = None
    note: str = ""


class StudySkip(Row):
    """What was left out on reading, and why."""

    sample: str
    reason: str
    count: NonNegativeInt
    unit: str = "event"
