"""Scores of a classifier on test events, each with its 95 % interval."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

__all__ = [
    "Score",
    "confusion_matrix",
    "score_events",
    "weighted_auc",
    "weighted_balanced_accuracy",
]

_RESAMPLINGS = 1000
_BLOCK = 4_000_000  # numbers that are worked on at a time

Floats = NDArray[np.float64]


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


def score_events(
    labels: NDArray[np.int64], probabilities: NDArray[np.float32], *, seed: int
) -> list[Score]:
    """Accuracy, balanced accuracy, macro AUC, and what the largest class alone would give.

    Of events that are all of one class only the accuracy is given.

    The interval of the accuracy is Wilson's (1927); those of balanced accuracy and AUC are
    percentiles of 1000 bootstrap resamplings of the events. The AUC is averaged over all pairs of
    classes (Hand and Till 2001).

    Args:
        labels: [M] int64; rows of unknown class are left out.
        probabilities: [M, C] float32.
        seed: the seed of the bootstrap.
    """
    known = labels >= 0
    labels, answers = labels[known], probabilities[known].astype(np.float64)
    number = len(labels)
    if number == 0:
        return [Score("accuracy", None, None, None, 0, "no event of known class")]
    predicted = answers.argmax(1)
    right = int((predicted == labels).sum())
    largest = int(np.bincount(labels).max())
    present, classes = np.unique(labels, return_inverse=True)
    if len(present) < 2:
        return [_proportion("accuracy", right, number, "Wilson interval; all are of one class")]
    scores = [
        _proportion("accuracy", right, number, "Wilson interval"),
        _proportion("largest class", largest, number, "accuracy of always guessing it"),
    ]
    chosen = answers[:, present]
    chosen = chosen / chosen.sum(1, keepdims=True)

    def both(weights: Floats) -> Floats:
        balanced = weighted_balanced_accuracy(classes, predicted == labels, weights)
        return np.stack([balanced, weighted_auc(classes, chosen, weights)])

    values = both(np.ones((1, number)))[:, 0]
    random = np.random.default_rng(seed)
    blocks = [both(block) for block in _resamplings(classes, len(present), random)]
    found = np.concatenate(blocks, axis=1)[:, :_RESAMPLINGS] if blocks else np.empty((2, 0))
    for name, value, resampled in zip(("balanced accuracy", "AUC"), values, found, strict=True):
        if len(resampled) < _RESAMPLINGS:
            note = "too few events of a class for an interval"
            scores.append(Score(name, float(value), None, None, number, note))
        else:
            low, high = np.percentile(resampled, [2.5, 97.5])
            note = f"bootstrap of the events, {_RESAMPLINGS} resamplings"
            if low == high:
                note += "; all give one value, which says nothing of the uncertainty"
            scores.append(Score(name, float(value), float(low), float(high), number, note))
    return scores


def weighted_balanced_accuracy(
    classes: NDArray[np.int64], right: NDArray[np.bool_], weights: Floats
) -> Floats:
    """The mean over classes of the weighted share of right answers [R].

    Args:
        classes: [M] int64, every class 0 to C-1 with an event of weight above 0.
        right: [M] bool.
        weights: [R, M] float64, one row for each resampling: how often it drew each event.
    """
    shares = [
        (weights[:, mine] * right[mine]).sum(1) / weights[:, mine].sum(1)
        for mine in (classes == label for label in range(int(classes.max()) + 1))
    ]
    mean: Floats = np.mean(shares, axis=0)
    return mean


def weighted_auc(classes: NDArray[np.int64], scores: Floats, weights: Floats) -> Floats:
    """The weighted area under the ROC curve [R], averaged over pairs of classes.

    For two classes that of the second one's score; for more the mean over ordered pairs (Hand and
    Till 2001, eq. 7). Equal scores count half.

    Args:
        classes: [M] int64, every class 0 to C-1 with an event of weight above 0.
        scores: [M, C] float64.
        weights: [R, M] float64, as in `weighted_balanced_accuracy`.
    """
    number = scores.shape[1]
    pairs = [(0, 1)] if number == 2 else list(itertools.permutations(range(number), 2))
    areas = []
    for other, own in pairs:
        rows = np.flatnonzero((classes == own) | (classes == other))
        _, rank = np.unique(scores[rows, own], return_inverse=True)
        order = np.argsort(rank, kind="stable")
        rows, rank = rows[order], rank[order]
        starts = np.flatnonzero(np.diff(rank, prepend=-1))
        mine = classes[rows] == own
        positive = np.add.reduceat(weights[:, rows] * mine, starts, axis=1)
        negative = np.add.reduceat(weights[:, rows] * ~mine, starts, axis=1)
        below = np.cumsum(negative, axis=1) - 0.5 * negative
        areas.append((positive * below).sum(1) / (positive.sum(1) * negative.sum(1)))
    mean: Floats = np.mean(areas, axis=0)
    return mean


def _proportion(metric: str, count: int, number: int, note: str) -> Score:
    interval = binomtest(count, number).proportion_ci(method="wilson")
    return Score(metric, count / number, float(interval.low), float(interval.high), number, note)


def _resamplings(
    classes: NDArray[np.int64], number: int, random: np.random.Generator
) -> Iterator[Floats]:
    """How often each bootstrap resampling drew each event, in blocks [R, M] of bounded size.

    Resamplings that lack a class are left out; after many in vain there are fewer than wanted.
    """
    size = len(classes)
    rows = max(1, min(_RESAMPLINGS, _BLOCK // size))
    kept = tried = 0
    while kept < _RESAMPLINGS and tried < 20 * _RESAMPLINGS:
        draws = random.multinomial(size, np.full(size, 1 / size), size=rows)
        whole = np.ones(rows, dtype=np.bool_)
        for label in range(number):
            whole &= draws[:, classes == label].any(axis=1)
        tried += rows
        kept += int(whole.sum())
        if whole.any():
            yield draws[whole].astype(np.float64)
