"""The metrics that hitclr brings, and the bootstrap that others may use."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from hitclr.studies.estimate import Estimate
from hitclr.studies.scored_events import ScoredEvents

__all__ = [
    "accuracy",
    "auc",
    "balanced_accuracy",
    "bootstrap_estimate",
    "largest_class",
    "weighted_auc",
    "weighted_balanced_accuracy",
]

_RESAMPLINGS = 1000
_BLOCK = 4_000_000  # numbers that are worked on at a time

Floats = NDArray[np.float64]


def accuracy(events: ScoredEvents) -> Estimate:
    """The share of events whose class has the highest score, with Wilson's interval (1927)."""
    note = "Wilson interval" + ("; all are of one class" if len(events.present) < 2 else "")
    return _proportion(int((events.predicted == events.labels).sum()), len(events), note)


def largest_class(events: ScoredEvents) -> Estimate | None:
    """The accuracy of always naming the most frequent class; None where there is only one."""
    if len(events.present) < 2:
        return None
    largest = int(np.bincount(events.labels).max())
    return _proportion(largest, len(events), "accuracy of always guessing it")


def balanced_accuracy(events: ScoredEvents) -> Estimate | None:
    """The mean over classes of the share of right answers; None where there is only one class."""
    if len(events.present) < 2:
        return None
    classes = np.searchsorted(events.present, events.labels)
    right = events.predicted == events.labels
    return bootstrap_estimate(
        events, lambda weights: weighted_balanced_accuracy(classes, right, weights)
    )


def auc(events: ScoredEvents) -> Estimate | None:
    """The area under the ROC curve, averaged over all pairs of classes (Hand and Till 2001).

    None where all events are of one class.
    """
    if len(events.present) < 2:
        return None
    classes = np.searchsorted(events.present, events.labels)
    scores = events.scores[:, events.present]
    scores = scores / scores.sum(1, keepdims=True)
    return bootstrap_estimate(events, lambda weights: weighted_auc(classes, scores, weights))


def bootstrap_estimate(events: ScoredEvents, weighted: Callable[[Floats], Floats]) -> Estimate:
    """A score with the percentiles of 1000 bootstrap resamplings of the events.

    Two scores of the same events see the same resamplings.

    Args:
        events: the events.
        weighted: the score [R] for weights [R, M] float64, one row for each resampling: how often
            it drew each event. Every class has an event of weight above 0.
    """
    value = float(weighted(np.ones((1, len(events))))[0])
    classes = np.searchsorted(events.present, events.labels)
    random = np.random.default_rng(events.seed)
    blocks = [weighted(b) for b in _resamplings(classes, len(events.present), random)]
    found = np.concatenate(blocks)[:_RESAMPLINGS] if blocks else np.empty(0)
    if len(found) < _RESAMPLINGS:
        return Estimate(value, note="too few events of a class for an interval")
    low, high = np.percentile(found, [2.5, 97.5])
    note = f"bootstrap of the events, {_RESAMPLINGS} resamplings"
    if low == high:
        note += "; all give one value, which says nothing of the uncertainty"
    return Estimate(value, float(low), float(high), note)


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


def _proportion(count: int, number: int, note: str) -> Estimate:
    interval = binomtest(count, number).proportion_ci(method="wilson")
    return Estimate(count / number, float(interval.low), float(interval.high), note)


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
