"""A number of the detector that is known only so well."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Literal

import torch
from torch import Tensor

from hitclr.errors import SettingsError

__all__ = ["DetectorParameter"]


@dataclass(frozen=True)
class DetectorParameter:
    """A named parameter of a detector's response.

    Attributes:
        name: its name, as in ``--set name=value``.
        unit: its unit; empty for a pure number.
        nominal: the value in the nominal simulation.
        low: the lower end of the range that is thought possible.
        high: the upper end.
        meaning: what it is, in a few words.
        prior: how values are drawn between ``low`` and ``high``: evenly, or evenly in the
            logarithm.
        minimum: the smallest value that the response can be computed for.
        maximum: the largest.

    Raises:
        ValueError: the numbers are not in the order minimum, low, nominal, high, maximum, or the
            prior is logarithmic and ``low`` is not positive.
    """

    name: str
    unit: str
    nominal: float
    low: float
    high: float
    meaning: str
    prior: Literal["uniform", "log-uniform"] = "uniform"
    minimum: float = -math.inf
    maximum: float = math.inf

    def __post_init__(self) -> None:
        if not self.minimum <= self.low <= self.nominal <= self.high <= self.maximum:
            message = (
                f"the detector parameter {self.name!r}: expected minimum <= low <= nominal <= high "
                f"<= maximum, got {self.minimum:g}, {self.low:g}, {self.nominal:g}, "
                f"{self.high:g}, {self.maximum:g}"
            )
            raise ValueError(message)
        if self.prior == "log-uniform" and self.low <= 0:
            message = f"the detector parameter {self.name!r}: a log-uniform prior needs low > 0"
            raise ValueError(message)

    def check(self, value: float) -> float:
        """The value, if the response can be computed for it.

        Raises:
            SettingsError: it is no number between ``minimum`` and ``maximum``.
        """
        number = isinstance(value, Real) and not isinstance(value, bool)
        if not (number and math.isfinite(value) and self.minimum <= value <= self.maximum):
            unit = f" {self.unit}" if self.unit else ""
            got = f"{value:g}" if number else repr(value)
            message = (
                f"{self.name}: expected a number between {self.minimum:g} and {self.maximum:g}"
                f"{unit}, got {got} ({self.meaning}; nominal {self.nominal:g})"
            )
            raise SettingsError(message)
        return float(value)

    def check_range(self, ends: Sequence[float]) -> tuple[float, float]:
        """The ends of a range to `draw` from, if the response can be computed within it.

        Raises:
            SettingsError: they are not two numbers between ``minimum`` and ``maximum``, in order,
                and above 0 for a log-uniform prior.
        """
        if not (isinstance(ends, (tuple, list)) and len(ends) == 2):
            message = f"{self.name}: expected a range [low, high], got {ends!r}"
            raise SettingsError(message)
        low, high = (self.check(end) for end in ends)
        if low > high or (self.prior == "log-uniform" and low <= 0):
            above = ", above 0" if self.prior == "log-uniform" else ""
            message = f"{self.name}: expected the lower end first{above}, got [{low:g}, {high:g}]"
            raise SettingsError(message)
        return low, high

    def at(self, fraction: float) -> float:
        """The value at a fraction of the way from nominal to ``high`` (> 0) or ``low`` (< 0).

        Fractions beyond 1 go on along the same line, to the end of what can be computed.

        >>> DetectorParameter("field", "kV/cm", 0.5, 0.45, 0.55, "drift field").at(-0.5)
        0.475
        """
        end = self.high if fraction > 0 else self.low
        value = self.nominal + abs(fraction) * (end - self.nominal)
        return min(max(value, self.minimum), self.maximum)

    def draw(
        self,
        count: int,
        generator: torch.Generator,
        between: tuple[float, float] | None = None,
    ) -> Tensor:
        """Values from the prior [count] float32, on the generator's device.

        Args:
            count: how many.
            generator: the source of randomness.
            between: other ends than ``low`` and ``high``.
        """
        low, high = (self.low, self.high) if between is None else between
        even = torch.rand(count, generator=generator, device=generator.device)
        if self.prior == "log-uniform":
            return torch.exp(math.log(low) + (math.log(high) - math.log(low)) * even)
        return low + (high - low) * even
