"""How sure a number of a study is, for other test events and other seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

__all__ = ["SeedMean", "holm", "seed_mean"]

_LEVEL = 0.95
_NO_VARIATION = 1e-20  # a variance below it is of rounding

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SeedMean:
    """A mean over seeds with its uncertainty.

    Attributes:
        value: the mean.
        low: the lower end of its 95 % interval; None where nothing tells how it varies.
        high: the upper end.
        p: the two-sided p-value of it being 0; None where nothing tells.
        spread: the standard deviation over seeds; None for one seed, whose interval is then for
            other events alone and says nothing of another training.
    """

    value: float
    low: float | None
    high: float | None
    p: float | None
    spread: float | None


def seed_mean(by_seed: Floats, drawn: Floats, *, least: float) -> SeedMean:
    """A mean over seeds, its interval and its p-value, for other events and other seeds.

    The variance is the sum of two. That of the events is the variance of the resamplings. That of
    the seeds is what resampling them would give in the limit, with S - 1 in place of S, without
    which it would be too small by a third for three seeds: the squared spread over S. How the two
    play together (a seed is right on some events, another one on others) is in both; so the sum is
    rather too large than too small (Owen 2007, Ann. Appl. Stat. 1, 386).

    The interval is the number plus and minus Student's t times the root of the variance (Efron and
    Tibshirani 1993, ch. 12), with degrees of freedom as Satterthwaite (1946, Biom. Bull. 2, 110)
    has them for a sum of variances: S - 1 where the seeds decide, many where the events do. It is
    not of percentiles: these never reach beyond the seeds that were seen, and so miss the truth far
    too often when seeds are few (Hesterberg 2015, Am. Stat. 69, 371). The p-value is of the same t,
    so that it is below 0.05 where the interval excludes 0.

    The interval lies about the number less its bias, as the resamplings have it (Efron and
    Tibshirani 1993, ch. 10): the lowest of many accuracies comes out too low, the more so the
    flatter they are. The number itself is not changed.

    Args:
        by_seed: [S], the number of each seed. For a difference of two methods that of each seed
            that both have: with a seed go the division of the training events, their order and
            the first weights, so that the methods share part of the luck, and with pairs it does
            not matter how much (Bouthillier et al. 2021, arXiv:2103.03098).
        drawn: [R], the number in each resampling of the events.
        least: the lowest number that there can be, where the interval ends: 0 for an accuracy, -1
            for a difference. The highest is 1.
    """
    number = float(by_seed.mean())
    seeds = len(by_seed)
    spread = float(by_seed.std(ddof=1)) if seeds > 1 else None
    if not (np.isfinite(number) and np.isfinite(by_seed).all() and np.isfinite(drawn).all()):
        return SeedMean(number, None, None, None, spread)
    of_seeds = 0.0 if spread is None else spread**2 / seeds
    variance = float(drawn.var(ddof=1)) + of_seeds
    if variance < _NO_VARIATION:
        return SeedMean(number, None, None, 1.0 if number == 0 else None, spread)
    freedom = (seeds - 1) * (variance / of_seeds) ** 2 if of_seeds > _NO_VARIATION else np.inf
    centre = 2 * number - float(drawn.mean())
    error = variance**0.5
    reach = float(student.ppf((1 + _LEVEL) / 2, freedom)) * error
    p = 2 * float(student.sf(abs(centre) / error, freedom))
    low, high = max(least, centre - reach), min(1.0, centre + reach)
    return SeedMean(number, low, high, p, spread)


def holm(values: Sequence[float]) -> list[float]:
    """p-values corrected for their number (Holm 1979, Scand. J. Stat. 6, 65).

    With those below 0.05 called differences, there is a false one among them in at most 5 % of
    studies, however the tests depend on each other.

    >>> [round(value, 3) for value in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    number = len(values)
    order = np.argsort(values, kind="stable")
    scaled = (number - np.arange(number)) * np.asarray(values, dtype=np.float64)[order]
    corrected = np.empty(number)
    corrected[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return [float(value) for value in corrected]
