"""One argument for a number, a range, or a distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor
from typing_extensions import TypeAliasType

from hitclr.errors import SettingsError

__all__ = [
    "Normal",
    "Parameter",
    "check_axes",
    "check_number",
    "check_parameter",
    "sample_parameter",
]


class Normal(BaseModel):
    """A normal distribution, cut to ``[minimum, maximum]`` by clamping."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    distribution: Literal["normal"] = "normal"
    mean: float = 0.0
    deviation: float = Field(gt=0)
    minimum: float | None = None
    maximum: float | None = None


Parameter = TypeAliasType("Parameter", "float | tuple[float, float] | Normal")
"""A number; a range ``(low, high)``, drawn from uniformly per event; or a `Normal`."""


def check_number(
    name: str, value: Any, *, low: float | None = None, high: float | None = None
) -> float:
    """Check that ``value`` is a finite number within ``[low, high]`` and return it as a float.

    Raises:
        SettingsError: it is not.
    """
    number = float(value) if isinstance(value, Real) else math.nan
    if isinstance(value, bool) or not math.isfinite(number):
        message = f"{name}: expected a finite number, got {value!r}"
        raise SettingsError(message)
    if (low is not None and number < low) or (high is not None and number > high):
        message = f"{name}: expected a value {_limits(low, high)}, got {number:g}"
        raise SettingsError(message)
    return number


def check_parameter(
    name: str, value: Parameter, *, low: float | None = None, high: float | None = None
) -> Parameter:
    """Check that a parameter stays within ``[low, high]`` and return it.

    Raises:
        SettingsError: it does not, a range is the wrong way round, or it is no finite number, pair
            of them or `Normal`.
    """
    if isinstance(value, Normal):
        check_number(name, value.mean, low=low, high=high)
        for word, end, limit in (("minimum", value.minimum, low), ("maximum", value.maximum, high)):
            if end is not None:
                check_number(f"{name}, {word}", end, low=low, high=high)
            elif limit is not None:
                message = (
                    f"{name}: expected a value {_limits(low, high)}; give the normal distribution "
                    f"a {word} that keeps it there, such as {limit:g}"
                )
                raise SettingsError(message)
        if value.minimum is not None and value.maximum is not None:
            _require_order(name, value.minimum, value.maximum)
    elif isinstance(value, (tuple, list)):
        if len(value) != 2:
            message = f"{name}: expected a number or a range (low, high), got {value}"
            raise SettingsError(message)
        for end in value:
            check_number(name, end, low=low, high=high)
        _require_order(name, *value)
    else:
        check_number(name, value, low=low, high=high)
    return value


def check_axes(
    name: str, value: float | Sequence[float], *, low: float | None = None
) -> tuple[float, float, float]:
    """One number for each axis, from one number for all or three.

    Raises:
        SettingsError: it is neither, or a number is not finite or below ``low``.

    >>> check_axes("distance", 2.0)
    (2.0, 2.0, 2.0)
    """
    numbers = list(value) if isinstance(value, (tuple, list)) else [value] * 3
    if len(numbers) != 3:
        message = f"{name}: expected one number, or three for x, y and z, got {value}"
        raise SettingsError(message)
    x, y, z = (check_number(name, number, low=low) for number in numbers)
    return x, y, z


def sample_parameter(value: Parameter, count: int, generator: torch.Generator) -> Tensor:
    """Draw ``count`` values [count] float32 on the generator's device.

    >>> from hitclr.rng import generator
    >>> sample_parameter(0.5, 2, generator(0)).tolist()
    [0.5, 0.5]
    """
    device = generator.device
    if isinstance(value, Normal):
        noise = torch.randn(count, generator=generator, device=device)
        drawn = value.mean + value.deviation * noise
        if value.minimum is None and value.maximum is None:
            return drawn
        return drawn.clamp(min=value.minimum, max=value.maximum)
    if isinstance(value, (tuple, list)):
        low, high = value
        return low + (high - low) * torch.rand(count, generator=generator, device=device)
    return torch.full((count,), float(value), device=device)


def _require_order(name: str, low: float, high: float) -> None:
    if low > high:
        message = f"{name}: expected the lower end first, got {low:g} and {high:g}"
        raise SettingsError(message)


def _limits(low: float | None, high: float | None) -> str:
    if low is None:
        return f"of at most {high:g}"
    return f"of at least {low:g}" if high is None else f"between {low:g} and {high:g}"
