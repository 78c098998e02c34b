"""Whether a classifier is as often right as it says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["calibration_error"]


def calibration_error(
    labels: NDArray[np.int64], probabilities: NDArray[np.float64], *, bins: int = 15
) -> float | None:
    """The expected calibration error (Guo et al. 2017, arXiv:1706.04599, eq. 3).

    Events are put into bins of equal width by the probability of the class that they are taken
    for; the error is the mean over events of the distance between the accuracy and the mean
    probability of their bin. Empty bins count nothing.

    Args:
        labels: [M] int64; rows of unknown class, below 0, are left out.
        probabilities: [M, C].
        bins: how many bins there are between 0 and 1.

    Returns:
        Between 0 and 1; None without an event of known class.

    >>> calibration_error(np.array([0, 1]), np.array([[0.75, 0.25], [0.75, 0.25]]))
    0.25
    """
    known = labels >= 0
    if not known.any():
        return None
    answers = probabilities[known].astype(np.float64)
    sure, right = answers.max(1), answers.argmax(1) == labels[known]
    place = np.clip(np.ceil(sure * bins).astype(np.int64) - 1, 0, bins - 1)
    # The number of events in a bin times the distance is the distance of the sums.
    gap = np.bincount(place, right, bins) - np.bincount(place, sure, bins)
    return float(np.abs(gap).sum() / known.sum())
