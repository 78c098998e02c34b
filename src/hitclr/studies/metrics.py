"""The metrics that hitclr brings, and the bootstrap that others may use."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import binomtest, norm, rankdata

from hitclr.studies.estimate import Estimate
from hitclr.studies.scored_events import ScoredEvents

__all__ = [
    "accuracy",
    "auc",
    "auc_shares",
    "balanced_accuracy",
    "bootstrap_estimate",
    "largest_class",
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
    """The mean over classes of the share of right answers; None where there is only one class.

    Its interval is put together from the Wilson intervals of the classes (MOVER, Zou and Donner
    2008).
    """
    if len(events.present) < 2:
        return None
    right = events.predicted == events.labels
    shares = [right[events.labels == label] for label in events.present]
    parts = [_proportion(int(own.sum()), own.size, "") for own in shares]
    value, low, high = np.array([(one.value, one.low, one.high) for one in parts], np.float64).T
    mean = float(value.mean())
    below, above = (float(np.sqrt(((end - value) ** 2).sum())) / len(parts) for end in (low, high))
    return Estimate(mean, mean - below, mean + above, "of the Wilson intervals of the classes")


def auc(events: ScoredEvents) -> Estimate | None:
    """The area under the ROC curve, averaged over all pairs of classes (Hand and Till 2001).

    None where all events are of one class. The interval is that of DeLong et al. (1988), for more
    than two classes of the mean over pairs, on the scale of the logit. There is none where classes
    are told apart without an error, or not at all: it would have no width.
    """
    if len(events.present) < 2:
        return None
    classes = np.searchsorted(events.present, events.labels)
    scores = events.scores[:, events.present]
    value, shares = auc_shares(classes, scores / scores.sum(1, keepdims=True))
    each = [shares[classes == label] for label in range(len(events.present))]
    if min(own.size for own in each) < 2:
        return Estimate(value, note="too few events of a class for an interval")
    error = math.sqrt(sum(own.var(ddof=1) / own.size for own in each))
    if not 0 < value < 1 or error == 0:
        return Estimate(value, note="no interval: that of DeLong has no width here")
    half = norm.ppf(0.975) * error / (value * (1 - value))
    low, high = expit(logit(value) - half), expit(logit(value) + half)
    return Estimate(value, float(low), float(high), "DeLong interval")


def auc_shares(classes: NDArray[np.int64], scores: Floats) -> tuple[float, Floats]:
    """The area under the ROC curve, averaged over pairs of classes, and the share of each event.

    For two classes that of the second one's score; for more the mean over ordered pairs (Hand and
    Till 2001, eq. 7). Equal scores count half. The share of an event is the sum of its structural
    components (DeLong et al. 1988) over the number of pairs: the variance of the area
    is the sum over classes of that of the shares in the class over the number of its events.

    Args:
        classes: [M] int64, every class 0 to C-1 with an event.
        scores: [M, C] float64.

    Returns:
        The area, and the shares [M] float64.
    """
    number = scores.shape[1]
    pairs = [(0, 1)] if number == 2 else list(itertools.permutations(range(number), 2))
    rows = [np.flatnonzero(classes == label) for label in range(number)]
    shares = np.zeros(len(classes))
    areas = []
    for other, own in pairs:
        mine, theirs = scores[rows[own], own], scores[rows[other], own]
        rank = rankdata(np.concatenate([mine, theirs]))
        above = (rank[: mine.size] - rankdata(mine)) / theirs.size
        below = 1 - (rank[mine.size :] - rankdata(theirs)) / mine.size
        areas.append(above.mean())
        shares[rows[own]] += above / len(pairs)
        shares[rows[other]] += below / len(pairs)
    return float(np.mean(areas)), shares


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
