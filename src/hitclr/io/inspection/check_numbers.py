"""Numbers that are gathered piece by piece: the values of a column, hits per event."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["ColumnCheck", "HitCounts", "Role"]

Role = Literal["position", "feature", "hit column", "event"]
"""What a column is to an event: the last has one value per event, the others one per hit."""


@dataclass(frozen=True)
class ColumnCheck:
    """The values of one column, as training would see them.

    The sum of two is the check of the values of both.

    Attributes:
        name: the column's name.
        role: what it is to an event.
        unit: its unit; empty where none is known.
        values: the number of finite values.
        nan: the number of NaN.
        infinite: the number of infinite values.
        minimum: the smallest finite value; None where there is none. Exact for integers.
        maximum: the largest finite value; None where there is none. Exact for integers.
        mean: of the finite values, float64; NaN where there is none.
        squares: the sum of the squared distances from the mean, float64.
    """

    name: str
    role: Role
    unit: str = ""
    values: int = 0
    nan: int = 0
    infinite: int = 0
    minimum: float | None = None
    maximum: float | None = None
    mean: float = math.nan
    squares: float = 0.0

    @classmethod
    def of(cls, values: NDArray[Any], name: str, role: Role, unit: str = "") -> ColumnCheck:
        """Check values [n] of any number type.

        >>> check = ColumnCheck.of(np.array([1.0, 3.0, np.nan]), "q", "feature", "pe")
        >>> check.values, check.nan, check.mean, check.deviation
        (2, 1, 2.0, 1.0)
        """
        finite = values[np.isfinite(values)]
        nan = int(np.isnan(values).sum())
        infinite = values.size - finite.size - nan
        if not finite.size:
            return cls(name, role, unit, nan=nan, infinite=infinite)
        with np.errstate(over="ignore", invalid="ignore"):
            mean = float(finite.mean(dtype=np.float64))
            squares = float(np.square(finite.astype(np.float64) - mean).sum())
        return cls(
            name,
            role,
            unit,
            values=finite.size,
            nan=nan,
            infinite=infinite,
            minimum=finite.min().item(),
            maximum=finite.max().item(),
            mean=mean,
            squares=squares,
        )

    def __add__(self, other: ColumnCheck) -> ColumnCheck:
        """Both together: the moments as in Chan, Golub and LeVeque 1979, equations 2.1."""
        nan, infinite = self.nan + other.nan, self.infinite + other.infinite
        if not (self.values and other.values):
            return replace(self if self.values else other, nan=nan, infinite=infinite)
        values = self.values + other.values
        apart = other.mean - self.mean
        return replace(
            self,
            values=values,
            nan=nan,
            infinite=infinite,
            minimum=_least(self.minimum, other.minimum),
            maximum=_most(self.maximum, other.maximum),
            mean=self.mean + apart * (other.values / values),
            squares=self.squares
            + other.squares
            + apart * apart * (self.values * (other.values / values)),
        )

    @property
    def deviation(self) -> float:
        """The standard deviation of the finite values; NaN where there is none."""
        return math.sqrt(self.squares / self.values) if self.values else math.nan

    @property
    def constant(self) -> bool:
        """Whether there are several values, all the same finite one."""
        odd = self.nan or self.infinite
        return self.values > 1 and self.minimum == self.maximum and not odd


def _least(one: float | None, other: float | None) -> float | None:
    return min((v for v in (one, other) if v is not None), default=None)


def _most(one: float | None, other: float | None) -> float | None:
    return max((v for v in (one, other) if v is not None), default=None)


@dataclass(frozen=True)
class HitCounts:
    """How many events have how many hits.

    Attributes:
        events: ``{number of hits: number of events}``.

    >>> counts = HitCounts({5: 3, 8: 1})
    >>> counts.minimum, counts.quantile(0.5), counts.mean, counts.maximum
    (5, 5, 5.75, 8)
    """

    events: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, ptr: NDArray[np.int64]) -> HitCounts:
        """Count from the offsets [B+1] of events."""
        numbers, events = np.unique(np.diff(ptr), return_counts=True)
        return cls(dict(zip(numbers.tolist(), events.tolist(), strict=True)))

    def __add__(self, other: HitCounts) -> HitCounts:
        """Both together."""
        return HitCounts(dict(Counter(self.events) + Counter(other.events)))

    def __len__(self) -> int:
        """The number of events."""
        return sum(self.events.values())

    @property
    def hits(self) -> int:
        """The number of hits of all events."""
        return sum(number * events for number, events in self.events.items())

    @property
    def minimum(self) -> int | None:
        """The fewest hits of an event; None without events."""
        return min(self.events, default=None)

    @property
    def maximum(self) -> int | None:
        """The most hits of an event; None without events."""
        return max(self.events, default=None)

    @property
    def mean(self) -> float:
        """The mean number of hits; NaN without events."""
        return self.hits / len(self) if self.events else math.nan

    def quantile(self, fraction: float) -> int | None:
        """The smallest number that is not exceeded by ``fraction`` of the events, or None."""
        needed, passed = fraction * len(self), 0
        for number in sorted(self.events):
            passed += self.events[number]
            if passed >= needed:
                return number
        return None

    def histogram(self, bins: int) -> list[int]:
        """Events in at most ``bins`` equally wide bins from the fewest hits to the most.

        A bin is a whole number of hits wide, so that none is favoured.

        >>> HitCounts({1: 4, 2: 1, 4: 1}).histogram(2)
        [5, 1]
        """
        low, high = self.minimum, self.maximum
        if low is None or high is None:
            return []
        width = math.ceil((high - low + 1) / bins)
        filled = [0] * math.ceil((high - low + 1) / width)
        for number, events in self.events.items():
            filled[(number - low) // width] += events
        return filled
