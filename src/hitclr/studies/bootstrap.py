"""How sure a study is of its numbers: events and seeds drawn anew, the same for all methods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Answers", "Resampled", "holm", "interval", "p_value", "resample"]

_BLOCK = 4_000_000  # numbers that are worked on at a time

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Answers:
    """What a method answered to the test events, under each throw and from each seed.

    Attributes:
        right: [S, E, T] bool, whether the answer was right; of an event that a throw lacks, False.
        there: [E, T] bool, whether the event was recorded under the throw.
        seeds: the S seeds.
    """

    right: NDArray[np.bool_]
    there: NDArray[np.bool_]
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class Resampled:
    """The accuracy of a method, and how it varies.

    Attributes:
        value: [T], the mean over seeds.
        by_seed: [S, T].
        drawn: [R, T], of R resamplings of events and seeds.
    """

    value: Floats
    by_seed: Floats
    drawn: Floats


def resample(
    methods: Sequence[Answers], *, resamplings: int = 2000, seed: int = 0
) -> list[Resampled]:
    """The accuracies of methods on the same events, resampled together.

    Events are drawn with replacement, an event under all its throws at once and for all methods
    the same (Efron and Tibshirani 1993, ch. 8: what is drawn is the unit that is independent). So
    are the seeds, which stand for weights, order and split (Bouthillier et al. 2021,
    arXiv:2103.03098): methods with the same seeds get the same ones. Of S seeds S - 1 are drawn,
    which makes the variance of their mean unbiased (Rao and Wu 1988, J. Am. Stat. Assoc. 83, 231);
    a single seed stays, and says nothing of other seeds.

    Args:
        methods: the answers, [S, E, T] each with the same events E.
        resamplings: R.
        seed: of the resampling.
    """
    if not methods:
        return []
    events = methods[0].there.shape[0]
    random = np.random.default_rng([seed, 0])
    sums = [np.empty((resamplings, *_shape(one))) for one in methods]
    rows = max(1, min(resamplings, _BLOCK // max(1, events)))
    columns = [_columns(one) for one in methods]
    for start in range(0, resamplings, rows):
        number = min(rows, resamplings - start)
        weight = random.multinomial(events, np.full(events, 1 / events), number).astype(np.float64)
        for into, (right, there) in zip(sums, columns, strict=True):
            shape = into.shape[1:]
            hits = (weight @ right).reshape(number, *shape)
            count = (weight @ there)[:, None, :]
            with np.errstate(invalid="ignore", divide="ignore"):
                into[start : start + number] = hits / count
    made = []
    shares = {}
    for one, drawn in zip(methods, sums, strict=True):
        if one.seeds not in shares:
            shares[one.seeds] = _seed_shares(one.seeds, resamplings, seed)
        with np.errstate(invalid="ignore", divide="ignore"):
            by_seed = one.right.sum(1) / one.there.sum(0)
        mixed = np.einsum("rs,rst->rt", shares[one.seeds], drawn)
        made.append(Resampled(by_seed.mean(0), by_seed, mixed))
    return made


def _shape(one: Answers) -> tuple[int, int]:
    return one.right.shape[0], one.right.shape[2]


def _columns(one: Answers) -> tuple[Floats, Floats]:
    """Right answers [E, S * T] and recorded events [E, T]."""
    right = one.right.transpose(1, 0, 2).reshape(one.right.shape[1], -1)
    return right.astype(np.float64), one.there.astype(np.float64)


def _seed_shares(seeds: tuple[int, ...], resamplings: int, seed: int) -> Floats:
    """How much each seed counts [R, S] in each resampling."""
    number = len(seeds)
    if number == 1:
        return np.ones((resamplings, 1))
    random = np.random.default_rng([seed, 1, *seeds])
    draws = random.multinomial(number - 1, np.full(number, 1 / number), resamplings)
    shares: Floats = draws / (number - 1)
    return shares


def interval(value: float, drawn: Floats) -> tuple[float | None, float | None]:
    """The ends of the 95 % interval: percentiles of the resamplings, moved to the value.

    A worst case is lower in the mean of its resamplings than it is, as a minimum is; without
    being moved its interval would lie too low.

    Args:
        value: the number.
        drawn: [R], its resamplings.
    """
    if not np.isfinite(value) or not np.isfinite(drawn).all():
        return None, None
    low, high = np.percentile(drawn - drawn.mean(), [2.5, 97.5])
    return float(value + low), float(value + high)


def p_value(difference: float, drawn: Floats) -> float | None:
    """The two-sided p-value of a difference against none.

    How often resamplings moved to a difference of 0 are as far from it (Davison and Hinkley 1997,
    eqs. 4.11 and 4.12).

    Args:
        difference: the difference.
        drawn: [R], its resamplings.
    """
    if not np.isfinite(difference) or not np.isfinite(drawn).all():
        return None
    far = np.abs(drawn - drawn.mean()) >= abs(difference)
    return float((1 + far.sum()) / (1 + len(drawn)))


def holm(values: Sequence[float]) -> list[float]:
    """p-values corrected for their number (Holm 1979, Scand. J. Stat. 6, 65).

    >>> [round(value, 3) for value in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(values, kind="stable")
    number = len(values)
    corrected = np.empty(number)
    scaled = (number - np.arange(number)) * np.asarray(values, dtype=np.float64)[order]
    corrected[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return [float(value) for value in corrected]
