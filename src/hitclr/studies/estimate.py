"""What a metric gives."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Estimate"]


@dataclass(frozen=True)
class Estimate:
    """A number that was measured.

    Attributes:
        value: the number; None where the events do not define it.
        low: the lower end of its 95 % interval; None where there is none.
        high: the upper end.
        note: how the interval was made, or why there is no number.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    note: str = ""
