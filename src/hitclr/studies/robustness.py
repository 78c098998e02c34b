"""One number for how a method bears all throws: mean, worst, nominal, area under a curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hitclr.errors import HitclrError

__all__ = ["WORST", "area_weights", "quantity_weights"]

WORST = "worst"
"""The one quantity whose weights depend on the curve."""

Floats = NDArray[np.float64]


def quantity_weights(
    curve: Floats,
    throws: Sequence[str],
    *,
    nominal: str,
    axes: Mapping[str, Mapping[str, float]],
) -> dict[str, Floats]:
    """How much each throw counts in each quantity: a quantity is the curve times its weights.

    Args:
        curve: [T], the score under each throw.
        throws: their names.
        nominal: the nominal throw.
        axes: for each parameter the throws along it, with its value.

    Returns:
        [T] for ``mean`` (all throws alike), ``worst`` (the throw where the curve is lowest),
        ``nominal`` and ``area PARAMETER`` (see `area_weights`). A quantity that needs a throw
        which is not there is left out.

    Raises:
        HitclrError: all throws along a parameter have the same value.
    """
    number = len(throws)
    place = {name: index for index, name in enumerate(throws)}
    single = np.eye(number)
    found = {"mean": np.full(number, 1 / number), WORST: single[int(np.argmin(curve))]}
    if nominal in place:
        found["nominal"] = single[place[nominal]]
    for parameter, values in axes.items():
        if len(values) < 2 or any(name not in place for name in values):
            continue
        weights = np.zeros(number)
        weights[[place[name] for name in values]] = area_weights(list(values.values()))
        found[f"area {parameter}"] = weights
    return found


def area_weights(places: Sequence[float]) -> Floats:
    """What each point counts in the area under a curve, by trapezia over the parameter's range.

    The weights add up to 1, so that the area has the unit of the score; it is the mean of the
    score over the range, however unevenly the throws lie in it.

    Args:
        places: [K], the values of the parameter, in any order.

    Raises:
        HitclrError: there are not two different values.

    >>> area_weights([0.0, 1.0, 4.0]).tolist()
    [0.125, 0.5, 0.375]
    """
    x = np.asarray(places, dtype=np.float64)
    order = np.argsort(x, kind="stable")
    steps = np.diff(x[order])
    if not steps.sum() > 0:
        message = (
            f"the area under a curve needs two or more values of the parameter, got {list(places)}"
        )
        raise HitclrError(message)
    weights = np.empty(len(x))
    weights[order] = (np.append(steps, 0) + np.insert(steps, 0, 0)) / (2 * steps.sum())
    return weights
