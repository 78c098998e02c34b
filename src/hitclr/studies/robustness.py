"""One number for how a method bears all throws: mean, worst, nominal, area under a curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["area", "quantities"]

Floats = NDArray[np.float64]


def quantities(
    scores: Floats,
    throws: Sequence[str],
    *,
    nominal: str,
    axes: Mapping[str, Mapping[str, float]],
) -> dict[str, Floats]:
    """The mean over throws, the worst, the nominal one, and the area along each parameter.

    Args:
        scores: [..., T], the score under each throw.
        throws: their names.
        nominal: the nominal throw; without it among the throws there is no such number.
        axes: for each parameter the throws along it with its value; those that lack a throw are
            left out.

    Returns:
        By name ``mean``, ``worst``, ``nominal`` and ``area PARAMETER``, each [...].
    """
    place = {name: number for number, name in enumerate(throws)}
    found = {"mean": scores.mean(-1), "worst": scores.min(-1)}
    if nominal in place:
        found["nominal"] = scores[..., place[nominal]]
    for parameter, values in axes.items():
        if len(values) > 1 and all(name in place for name in values):
            chosen = scores[..., [place[name] for name in values]]
            found[f"area {parameter}"] = area(chosen, np.array(list(values.values())))
    return found


def area(scores: Floats, places: Floats) -> Floats:
    """The area under a robustness curve by trapezia, over the range of the parameter.

    So it has the unit of the score, and is the score's mean where throws lie evenly and close.

    Args:
        scores: [..., K], in any order.
        places: [K], the values of the parameter, not all the same.

    >>> float(area(np.array([1.0, 0.0]), np.array([0.0, 2.0])))
    0.5
    """
    order = np.argsort(places, kind="stable")
    x, y = places[order], scores[..., order]
    result: Floats = np.trapezoid(y, x, axis=-1) / (x[-1] - x[0])
    return result
