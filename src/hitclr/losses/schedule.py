"""How alpha moves over the training."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from hitclr.errors import HitclrError, SettingsError

__all__ = ["AlphaSchedule", "alpha_at"]


@dataclass(frozen=True)
class AlphaSchedule:
    """Alpha from one value to another over a part of the training, and constant afterwards.

    Attributes:
        start: alpha at the beginning, 0 to 1.
        end: alpha once it has moved, 0 to 1.
        shape: ``linear``, or ``cosine``: half a period, flat at both ends.
        over: the fraction of the training over which it moves, above 0, up to 1.

    Raises:
        SettingsError: a value is out of range or the shape unknown.

    >>> AlphaSchedule(0.0, 1.0, over=0.5).at(0.25)
    0.5
    """

    # Where it comes from settings, an unknown key is an error.
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    start: float
    end: float
    shape: Literal["linear", "cosine"] = "linear"
    over: float = 1.0

    def __post_init__(self) -> None:
        for name, value in (("start", self.start), ("end", self.end)):
            if not 0 <= value <= 1:
                message = f"alpha schedule: expected {name} between 0 and 1, got {value!r}"
                raise SettingsError(message)
        if self.shape not in ("linear", "cosine"):
            message = f"alpha schedule: expected the shape linear or cosine, got {self.shape!r}"
            raise SettingsError(message)
        if not 0 < self.over <= 1:
            message = (
                f"alpha schedule: expected over, a fraction of the training, above 0 and up to 1; "
                f"got {self.over!r}"
            )
            raise SettingsError(message)

    def at(self, progress: float) -> float:
        """Alpha when the fraction ``progress`` of the training is over, 0 to 1.

        Raises:
            HitclrError: ``progress`` is out of range.
        """
        if not 0 <= progress <= 1:
            message = (
                f"alpha schedule: expected the progress of the training as a fraction between 0 "
                f"and 1, got {progress!r}; divide the step by the number of steps"
            )
            raise HitclrError(message)
        part = min(1.0, progress / self.over)
        if self.shape == "cosine":
            part = (1 - math.cos(math.pi * part)) / 2
        return (1 - part) * self.start + part * self.end


def alpha_at(alpha: float | AlphaSchedule, progress: float | None = None) -> float:
    """Alpha at a point of the training.

    Args:
        alpha: a number, which holds all along, or a schedule.
        progress: the fraction of the training that is over, 0 to 1. Needed by a schedule.

    Raises:
        HitclrError: there is a schedule and no progress, or it is out of range.
    """
    if not isinstance(alpha, AlphaSchedule):
        return alpha
    if progress is None:
        message = (
            "alpha schedule: the progress of the training is needed and did not come; give it as "
            "a fraction between 0 and 1, or set alpha to a number"
        )
        raise HitclrError(message)
    return alpha.at(progress)
