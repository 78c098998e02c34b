"""The parts of a schema: columns, positions, features, limits, fixed standardisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from hitclr.errors import SchemaError
from hitclr.io.schema.expression import Expression

__all__ = [
    "Column",
    "Feature",
    "HitSelection",
    "Moments",
    "Part",
    "Positions",
    "Standardisation",
    "listed",
    "parsed",
]


class Part(BaseModel):
    """Data that cannot be changed, with no other keys than its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(Part):
    """One number per event.

    Attributes:
        branch: the branch. It has one number per entry, or several and then ``index`` picks one.
        index: which element of a branch with several; ``0`` is the first.
    """

    branch: str
    index: int | None = Field(default=None, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"branch": value} if isinstance(value, str) else value


class Positions(Part):
    """The three branches with the hit positions, and their unit."""

    branches: tuple[str, str, str]
    unit: str


class Feature(Part):
    """One hit feature: a column of ``x``.

    Attributes:
        name: the column's name. Three features ``v.x``, ``v.y``, ``v.z`` make a vector, which
            rotations turn together with the positions.
        branch: the branch, with one number per hit.
        unit: the unit, for the record and for plots.
        relative_to: subtract the event's smallest value, its median, or nothing. Done in double
            precision before the cast to float32: an absolute time in ns does not fit in one.
    """

    name: str
    branch: str
    unit: str = ""
    relative_to: Literal["nothing", "minimum", "median"] = "nothing"


class HitSelection(Part):
    """Keep the hits whose value of ``branch`` lies between ``min`` and ``max``, ends included."""

    branch: str
    min: FiniteFloat | None = None
    max: FiniteFloat | None = None

    @model_validator(mode="after")
    def _some_limit(self) -> HitSelection:
        if self.min is None and self.max is None:
            message = "expected min, max or both; without a limit the selection does nothing"
            raise ValueError(message)
        return self


class Moments(Part):
    """The mean and the deviation by which a feature is standardised: ``(x - mean) / scale``."""

    mean: FiniteFloat
    scale: FiniteFloat = Field(gt=0)


class Standardisation(Part):
    """Fixed numbers for the first layer of a model, in place of those of the training events.

    Attributes:
        features: for each feature its moments; all features are named.
        centre: what is subtracted from the positions.
        length: what they are divided by then.
    """

    features: Mapping[str, Moments]
    centre: tuple[FiniteFloat, FiniteFloat, FiniteFloat] = (0.0, 0.0, 0.0)
    length: FiniteFloat = Field(gt=0)


def parsed(text: str) -> Expression:
    """An expression; a fault in it is one of the schema, told with the key where it stands."""
    try:
        return Expression(text)
    except SchemaError as error:
        raise ValueError(str(error)) from error


def listed(value: Any) -> list[Any]:
    """A value as a list of one, and a list as it is."""
    return list(value) if isinstance(value, (list, tuple)) else [value]
