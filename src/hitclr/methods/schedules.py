"""How the learning rate moves over the training."""

from __future__ import annotations

import math
from typing import Literal

__all__ = ["Schedule", "learning_rate_factor"]

Schedule = Literal["cosine", "one-cycle", "constant"]
"""``cosine``: linear warm-up, then a cosine to 0; ``one-cycle``: a cosine up from a 25th and a
cosine down to almost nothing; ``constant``: linear warm-up, then as it is."""

_FIRST = 1 / 25
_LAST = _FIRST / 1e4


def learning_rate_factor(schedule: Schedule, step: int, total: int, warmup: float) -> float:
    r"""The learning rate of a step, as a fraction of the highest.

    ``cosine`` is ``(1 + cos(pi t)) / 2`` after the warm-up, with ``t`` the done part of what is
    left (Loshchilov and Hutter 2017, arXiv:1608.03983, eq. 5, without restarts). ``one-cycle`` is
    the policy of Smith and Topin 2017, arXiv:1708.07120, in the form of torch's ``OneCycleLR`` with
    its own defaults: by half a cosine from 1/25 to 1 over the warm-up and by another one to
    4e-6 at the last step. The momentum is not cycled.

    Args:
        schedule: which one.
        step: the number of steps taken before; beyond the last, the rate is that of the last.
        total: the number of steps of the training, 1 or more.
        warmup: the fraction of them in which the rate rises, from 0 to below 1.

    Returns:
        From 0 to 1.

    >>> [learning_rate_factor("constant", step, 10, 0.2) for step in (0, 1, 2, 9)]
    [0.3333333333333333, 0.6666666666666666, 1.0, 1.0]
    """
    if schedule == "one-cycle":
        return _one_cycle(step, total, warmup)
    rise = round(warmup * total)
    if step < rise:
        return (step + 1) / (rise + 1)
    if schedule == "constant":
        return 1.0
    done = (step - rise) / max(1, total - rise)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def _one_cycle(step: int, total: int, warmup: float) -> float:
    # A training of so few steps that the warm-up has less than two begins at the top.
    top = max(0.0, warmup * total - 1)
    if step < top:
        return _half_cosine(_FIRST, 1.0, step / top)
    fall = total - 1 - top
    return _half_cosine(1.0, _LAST, min(1.0, (step - top) / fall)) if fall > 0 else 1.0


def _half_cosine(start: float, end: float, part: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * part))
