"""Whether a classifier is as often right as it says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hitclr.studies.scores import Score

__all__ = ["calibration_error"]


def calibration_error(
    labels: NDArray[np.int64], probabilities: NDArray[np.floating], *, bins: int = 15
) -> Score:
    """The expected calibration error ``ECE`` (Guo et al. 2017, arXiv:1706.04599, eq. 3).

    Events are put into bins of equal width by the probability of the class that they are taken
    for; the error is the mean over events of the distance between the accuracy and the mean
    probability of their bin. An empty bin has no event and so counts nothing.

    The interval is of the delta method: given on which side each bin lies, the error is a mean
    over events. Chance alone moves bins away from 0, so the error of few events is too large, also
    that of a calibrated classifier (Roelofs et al. 2022, arXiv:2012.08668); compare it at equal
    numbers of events.

    Args:
        labels: [M] int64; rows of unknown class, below 0, are left out.
        probabilities: [M, C].
        bins: how many bins there are between 0 and 1; a bin has its upper edge.

    >>> score = calibration_error(np.array([0, 1]), np.array([[0.75, 0.25], [0.75, 0.25]]))
    >>> score.value
    0.25
    """
    known = labels >= 0
    number = int(known.sum())
    if number == 0:
        return Score("ECE", None, None, None, 0, "no event of known class")
    answers = probabilities[known].astype(np.float64)
    sure, right = answers.max(1), answers.argmax(1) == labels[known]
    place = np.clip(np.ceil(sure * bins).astype(np.int64) - 1, 0, bins - 1)
    # The number of events in a bin times the distance is the distance of the sums.
    gap = np.bincount(place, right - sure, bins)
    value = float(np.abs(gap).sum() / number)
    error = float((np.sign(gap)[place] * (right - sure)).std() / np.sqrt(number))
    low, high = max(0.0, value - 1.96 * error), min(1.0, value + 1.96 * error)
    return Score("ECE", value, low, high, number, "delta method")
