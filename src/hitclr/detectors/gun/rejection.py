"""Sampling by rejection, for many at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["accept"]

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


def accept(
    count: int,
    propose: Callable[[Rows], Floats],
    chance: Callable[[Rows, Floats], Floats],
    random: np.random.Generator,
) -> Floats:
    """Draw values until each has been accepted.

    Args:
        count: how many.
        propose: makes values for the rows that it is given.
        chance: the probability, 0 to 1, with which a value of a row is accepted.
        random: the source of randomness.
    """
    values = np.zeros(count)
    rows = np.arange(count)
    while len(rows):
        drawn = propose(rows)
        good = random.random(len(rows)) < chance(rows, drawn)
        values[rows[good]] = drawn[good]
        rows = rows[~good]
    return values
