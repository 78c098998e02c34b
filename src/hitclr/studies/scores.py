"""Scores of a classifier on test events, each with its 95 % interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import SupportsFloat, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hitclr.studies.estimate import Estimate
from hitclr.studies.scored_events import ScoredEvents

__all__ = ["Metric", "Score", "confusion_matrix", "measure", "score_events"]

Metric: TypeAlias = Callable[[ScoredEvents], Estimate | float | None]
"""A function of test events; None where they do not define it."""


@dataclass(frozen=True)
class Score:
    """One score.

    Attributes:
        metric: its name.
        value: the score; None where the events do not define it.
        low: the lower end of its 95 % interval; None where there is none.
        high: the upper end.
        events: how many events it is from.
        note: how the interval was made, or why there is no score.
    """

    metric: str
    value: float | None
    low: float | None
    high: float | None
    events: int
    note: str = ""


def confusion_matrix(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], num_classes: int
) -> NDArray[np.int64]:
    """How many events of each class (row) were taken for each class (column) [C, C].

    >>> confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    index = labels * num_classes + predicted
    return np.bincount(index, minlength=num_classes**2).reshape(num_classes, num_classes)


def measure(metric: Metric, events: ScoredEvents) -> Estimate | None:
    """What a metric says of events; a number that is not finite is none.

    Raises:
        TypeError: it gives something else than a number, an `Estimate` or None.
    """
    found = metric(events)
    if found is None:
        return None
    given = found if isinstance(found, Estimate) else Estimate(found)
    value, low, high = (_number(end) for end in (given.value, given.low, given.high))
    if value is not None and not math.isfinite(value):
        return Estimate(None, note=f"the metric gave {value}")
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        low = high = None
    return Estimate(value, low, high, given.note)


def _number(found: object) -> float | None:
    if found is None:
        return None
    # What has one number in it, such as numpy's and torch's own types, is one.
    if not isinstance(found, SupportsFloat):
        message = f"expected a number, an Estimate or None, got {found!r}"
        raise TypeError(message)
    return float(found)


def score_events(
    labels: NDArray[np.int64],
    probabilities: NDArray[np.float32],
    embedding: NDArray[np.float32],
    metrics: Mapping[str, Callable[[ScoredEvents], Estimate | None]],
    *,
    seed: int,
) -> list[Score]:
    """What each metric says of the events.

    Args:
        labels: [M] int64; rows of unknown class are left out.
        probabilities: [M, C] float32.
        embedding: [M, D] float32.
        metrics: by name, the most important first; in a score's name a space stands for each
            hyphen. One that says None of the events has no score.
        seed: the seed of intervals.
    """
    known = labels >= 0
    events = ScoredEvents(
        labels[known], probabilities[known].astype(np.float64), embedding[known], seed
    )
    scores: list[Score] = []
    for name, metric in metrics.items():
        words = name.replace("-", " ")
        if not len(events):
            return [Score(words, None, None, None, 0, "no event of known class")]
        found = metric(events)
        if found is not None:
            ends = (found.value, found.low, found.high)
            scores.append(Score(words, *ends, len(events), found.note))
    return scores
