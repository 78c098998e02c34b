"""Accuracies on test events that are drawn anew, the same for all methods, seeds and throws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Answers", "resample_events"]

_BLOCK = 4_000_000  # numbers that are worked on at a time

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Answers:
    """What a method answered to the test events, from each seed and under each throw.

    Attributes:
        right: [S, E, T] bool, whether the answer was right; of an event that a throw lacks, False.
        there: [E, T] bool, whether the event was recorded under the throw.
    """

    right: NDArray[np.bool_]
    there: NDArray[np.bool_]

    def accuracies(self) -> Floats:
        """The accuracy of each seed under each throw [S, T]; NaN for a throw without events."""
        with np.errstate(invalid="ignore"):
            found: Floats = self.right.sum(1) / self.there.sum(0)
        return found


def resample_events(
    methods: Sequence[Answers], *, resamplings: int = 1000, seed: int = 0
) -> list[Floats]:
    """The accuracies of methods on the same events, as they come out on other such events.

    What is drawn is what is independent (Efron and Tibshirani 1993, ch. 8): an event with all that
    was made of it, under all throws, by all methods and seeds. Each event is drawn a
    Poisson-distributed number of times, independently of the others (Hanley and MacGibbon 2006,
    Comput. Methods Programs Biomed. 83, 57): accuracies are ratios, for which that is as good as
    a fixed total, and events can so be passed through block by block.

    Args:
        methods: the answers, each to the same E events.
        resamplings: how many, R.
        seed: of the draws.

    Returns:
        For each method [R, S, T] float64; NaN where none of a throw's events was drawn.
    """
    if not methods:
        return []
    random = np.random.default_rng(seed)
    events = methods[0].there.shape[0]
    right = [np.zeros((resamplings, *one.right[:, 0].shape)) for one in methods]
    there = [np.zeros((resamplings, 1, one.there.shape[1])) for one in methods]
    step = max(1, _BLOCK // resamplings)
    for start in range(0, events, step):
        part = slice(start, min(start + step, events))
        # By event, so that draws do not depend on the blocks. Counts are whole numbers far below
        # 2**24, which float32 holds exactly.
        times = random.poisson(1.0, (part.stop - start, resamplings)).T.astype(np.float32)
        for one, hits, count in zip(methods, right, there, strict=True):
            answered = one.right[:, part].transpose(1, 0, 2).reshape(part.stop - start, -1)
            hits += (times @ answered.astype(np.float32)).reshape(hits.shape)
            count += (times @ one.there[part].astype(np.float32))[:, None]
    with np.errstate(invalid="ignore"):
        return [hits / count for hits, count in zip(right, there, strict=True)]
