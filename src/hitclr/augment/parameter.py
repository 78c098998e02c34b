"""One argument for a number, a range, or a distribution."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor
from typing_extensions import TypeAliasType

from hitclr.errors import SettingsError

__all__ = ["Normal", "Parameter", "check_parameter", "sample_parameter"]


class Normal(BaseModel):
    """A normal distribution, cut to ``[minimum, inf)`` by clamping."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    distribution: Literal["normal"] = "normal"
    mean: float = 0.0
    deviation: float = Field(gt=0)
    minimum: float | None = None


Parameter = TypeAliasType("Parameter", "float | tuple[float, float] | Normal")
"""A number; a range ``(low, high)``, drawn from uniformly per event; or a `Normal`."""


def check_parameter(
    name: str, value: Parameter, *, low: float | None = None, high: float | None = None
) -> Parameter:
    """Check that a parameter stays within ``[low, high]`` and return it.

    Raises:
        SettingsError: it does not, or a range is the wrong way round.
    """
    if isinstance(value, Normal):
        if low is not None and (value.minimum is None or value.minimum < low):
            message = (
                f"{name}: expected values of at least {low}; give the normal distribution "
                f"a minimum of {low} or more"
            )
            raise SettingsError(message)
        ends: tuple[float, ...] = (value.mean,)
    else:
        ends = tuple(value) if isinstance(value, (tuple, list)) else (float(value),)
    if len(ends) == 2 and ends[0] > ends[1]:
        message = f"{name}: expected a range (low, high), got {ends}"
        raise SettingsError(message)
    for end in ends:
        if (low is not None and end < low) or (high is not None and end > high):
            limits = f"between {low} and {high}" if high is not None else f"of at least {low}"
            message = f"{name}: expected a value {limits}, got {end}"
            raise SettingsError(message)
    return value


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
        return drawn if value.minimum is None else drawn.clamp(min=value.minimum)
    if isinstance(value, (tuple, list)):
        low, high = value
        return low + (high - low) * torch.rand(count, generator=generator, device=device)
    return torch.full((count,), float(value), device=device)
