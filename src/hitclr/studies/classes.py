"""How well single classes are found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from hitclr.studies.scores import Score

__all__ = ["class_scores"]


def class_scores(matrix: NDArray[np.int64], classes: Sequence[str]) -> list[Score]:
    """The efficiency and the purity of each class, with Wilson's intervals (1927).

    The efficiency is the share of the events of a class that are taken for it (its recall); the
    purity is the share of the events taken for a class that are of it (its precision). Purity
    depends on how many events of each class there are in the sample.

    Args:
        matrix: [C, C], of `confusion_matrix`: rows are the truth.
        classes: the C names.

    Returns:
        ``efficiency CLASS`` and ``purity CLASS`` of each class; without a value where the class
        has no event, or no event is taken for it.

    >>> [(s.metric, s.value) for s in class_scores(np.array([[3, 1], [0, 4]]), ["e", "mu"])]
    [('efficiency e', 0.75), ('purity e', 1.0), ('efficiency mu', 1.0), ('purity mu', 0.8)]
    """
    scores = []
    for place, name in enumerate(classes):
        right = int(matrix[place, place])
        for metric, number, lacking in (
            ("efficiency", int(matrix[place].sum()), "no event of this class"),
            ("purity", int(matrix[:, place].sum()), "no event is taken for this class"),
        ):
            title = f"{metric} {name}"
            if not number:
                scores.append(Score(title, None, None, None, 0, lacking))
                continue
            ends = binomtest(right, number).proportion_ci(method="wilson")
            low, high = float(ends.low), float(ends.high)
            scores.append(Score(title, right / number, low, high, number, "Wilson interval"))
    return scores
