"""Breaking ties between equally distant hits, the same way in every batch."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["break_ties", "largest_move"]

_GOLDEN = 0x9E3779B97F4A7C15
_MOVE = 2.0**-32
_COPY_MOVE = 2.0**-36


def break_ties(
    points: NDArray[np.float64], events: NDArray[np.int64], magnitude: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Move hits apart by far less than the precision of their coordinates.

    On a lattice of voxels most neighbours are equally distant, and which of them a tree finds
    first depends on all that is in the tree, so also on the other events of the batch. After this
    move no two distances are equal, and the choice depends on the hits alone. The move is a hash
    of the position, so it does not depend on the order of the hits and prefers no direction. Hits
    at one and the same position are told apart by their order, with a smaller move.

    Args:
        points: [N, M], coordinates that came from float32.
        events: [N], the event of each hit.
        magnitude: [N], above 0: the largest absolute coordinate of the hit's event. The move is
            about 2^-32 of it; neighbouring float32 values differ by at least 2^-24 of theirs.

    Returns:
        The moved points [N, M].
    """
    # Adding zero makes one zero of the two that floating point has.
    bits = (points + 0.0).view(np.uint64)
    position = np.zeros(len(points), dtype=np.uint64)
    for column in bits.T:
        position = _mix(position + column)
    copy = _copy_number(_mix(position ^ _mix(events.astype(np.uint64))))
    steps = np.arange(1, points.shape[1] + 1, dtype=np.uint64) * np.uint64(_GOLDEN)
    move = _MOVE * _unit(_mix(position[:, None] + steps))
    further = _COPY_MOVE * _unit(_mix(copy.astype(np.uint64)[:, None] + steps))
    move += np.where(copy[:, None] > 0, further, 0.0)
    return points + magnitude[:, None] * move


def largest_move(dimensions: int, magnitude: float) -> float:
    """The most by which `break_ties` can change a distance, with some room to spare."""
    return 2 * _MOVE * math.sqrt(dimensions) * magnitude


def _copy_number(key: NDArray[np.uint64]) -> NDArray[np.int64]:
    """For each element the number of equal ones before it.

    >>> _copy_number(np.array([7, 3, 7, 7], dtype=np.uint64)).tolist()
    [0, 0, 1, 2]
    """
    order = np.argsort(key, kind="stable")
    ranks = np.arange(len(key))
    first = np.diff(key[order], prepend=~key[order[:1]]) != 0
    copies = np.empty_like(ranks)
    copies[order] = ranks - np.maximum.accumulate(np.where(first, ranks, 0))
    return copies


def _mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014, figure 15)."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = value ^ (value >> np.uint64(31))
    return mixed


def _unit(value: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Numbers in [0, 1) from 64 random bits."""
    unit: NDArray[np.float64] = (value >> np.uint64(11)) * 2.0**-53
    return unit
