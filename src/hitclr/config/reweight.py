"""How events are weighted."""

from __future__ import annotations

import itertools
import math
from typing import Any, Literal

from pydantic import Field, model_validator

from hitclr.config.base import SettingsBase

__all__ = ["ReweightSettings", "VariableSettings"]


class VariableSettings(SettingsBase):
    """The bins of a variable. A list of edges is short for ``{bins: edges}``.

    Attributes:
        bins: the edges, rising; or the number of bins.
        range: the first and the last edge, for a number of bins.
        spacing: of these: ``linear`` or ``log``, bins of equal width in the variable or in its
            logarithm; or ``quantile``, without a range: bins with equally many training events.
    """

    bins: int | tuple[float, ...]
    range: tuple[float, float] | None = None
    spacing: Literal["linear", "log", "quantile"] = "linear"

    @model_validator(mode="before")
    @classmethod
    def _from_edges(cls, value: Any) -> Any:
        return {"bins": value} if isinstance(value, (int, list, tuple)) else value

    @model_validator(mode="after")
    def _some_bins(self) -> VariableSettings:
        ends = self.bins if isinstance(self.bins, tuple) else self.range
        if isinstance(self.bins, int) and self.bins < 1:
            message = f"expected one bin or more, got {self.bins}"
        elif isinstance(self.bins, tuple) and (self.range, self.spacing) != (None, "linear"):
            message = "range and spacing are for a number of bins, here the edges are given"
        elif self.spacing == "quantile" and ends is not None:
            message = "bins by quantile have no range: the training events say where they end"
        elif self.spacing == "quantile":
            return self
        elif ends is None:
            message = "a number of bins needs `range: [low, high]`, or `spacing: quantile`"
        elif len(ends) < 2 or not all(a < b < math.inf for a, b in itertools.pairwise(ends)):
            message = f"expected edges that rise, two or more, got {list(ends)}"
        elif self.spacing == "log" and ends[0] <= 0:
            message = f"bins of equal width in the logarithm begin above 0, got {ends[0]:g}"
        elif math.isinf(ends[0]):
            message = "expected finite edges: the outer bins reach on beyond them by themselves"
        else:
            return self
        raise ValueError(message)


class ReweightSettings(SettingsBase):
    """Weights by which the distribution of one or two variables is flat, or alike in all classes.

    Attributes:
        variables: the bins of one or two observers of the schema.
        reference: ``flat``: every bin of a class gets the same content; or a class, whose
            distribution all classes get.
        equal_classes: whether all classes get the same content, too.
        max_ratio: no event counts more than so many times the mean of its class; None for no limit.
    """

    variables: dict[str, VariableSettings] = Field(min_length=1, max_length=2)
    reference: str = "flat"
    equal_classes: bool = True
    max_ratio: float | None = Field(default=10.0, ge=1)
