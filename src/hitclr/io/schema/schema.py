"""The schema: how the branches of a ROOT tree become events.

A schema is data, read from YAML or built in Python. It cannot run code. Branch names are written
as uproot shows them, nested ones with slashes (``Evt/hits/hits.pos.x``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from hitclr import fields
from hitclr.errors import SchemaError
from hitclr.validation import explain, read_mapping

__all__ = [
    "Column",
    "Feature",
    "HitSelection",
    "LabelRule",
    "Positions",
    "Schema",
    "load_schema",
]

_RESERVED = frozenset(field.name for field in fields.FIELDS)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Part):
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


class Positions(_Part):
    """The three branches with the hit positions, and their unit."""

    branches: tuple[str, str, str]
    unit: str


class Feature(_Part):
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


class HitSelection(_Part):
    """Keep the hits whose value of ``branch`` lies between ``min`` and ``max``, ends included."""

    branch: str
    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _some_limit(self) -> HitSelection:
        if self.min is None and self.max is None:
            message = "expected min, max or both; without a limit the selection does nothing"
            raise ValueError(message)
        return self


class LabelRule(_Part):
    """The class of an event from one or more columns.

    Attributes:
        columns: the columns that decide.
        classes: for each class the values that belong to it: one number for one column, a list of
            as many numbers as there are columns for several. An event with other values has an
            unknown label, which the bad-input policy deals with.
    """

    columns: tuple[Column, ...] = Field(min_length=1)
    classes: Mapping[str, tuple[tuple[int, ...], ...]] = Field(min_length=1)

    @field_validator("columns", mode="before")
    @classmethod
    def _one_column(cls, value: Any) -> Any:
        return [value] if isinstance(value, (str, Mapping, Column)) else value

    @field_validator("classes", mode="before")
    @classmethod
    def _one_value(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {
            name: [v if isinstance(v, (list, tuple)) else [v] for v in _listed(values)]
            for name, values in value.items()
        }

    @model_validator(mode="after")
    def _matching(self) -> LabelRule:
        owner: dict[tuple[int, ...], str] = {}
        for name, values in self.classes.items():
            for value in values:
                if len(value) != len(self.columns):
                    message = (
                        f"class {name!r}: expected {len(self.columns)} number(s) for a value, one "
                        f"for each of the columns, got {list(value)}"
                    )
                    raise ValueError(message)
                if value in owner:
                    message = f"the value {list(value)} belongs to {owner[value]!r} and {name!r}"
                    raise ValueError(message)
                owner[value] = name
        return self


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


class Schema(_Part):
    """How the branches of a ROOT tree become events.

    Attributes:
        name: the schema's name.
        description: one or two sentences for people.
        tree: the tree's name in the file.
        layout: ``jagged``: one entry per event, the hit branches hold a list per entry.
        positions: the branches with the hit positions.
        features: the hit features, in the order of the columns of ``x``.
        hit_columns: further integer hit columns ``name: branch`` that augmentations may need (a
            module id, a channel); in a batch they are called ``hit_<name>``.
        select_hits: hits to keep; all conditions must hold.
        label: the rule for the class; without one each sample is a class of its own.
        observers: further event columns ``name: column`` (energy, run); missing values are NaN.
        key: the column that numbers the events: simulations of one event under several throws have
            one number. They are kept on one side when events are divided, and paired as views. In a
            batch it is called ``key``. Every sample must have it, unlabelled ones too.
        axis: the direction that the detector singles out (the drift, the vertical), in the
            coordinates of the positions, of any length; rotations turn about it. In a batch it is
            the unit vector ``axis``.
    """

    name: str
    description: str = ""
    tree: str
    layout: Literal["jagged"] = "jagged"
    positions: Positions
    features: tuple[Feature, ...] = Field(min_length=1)
    hit_columns: Mapping[str, str] = Field(default_factory=dict)
    select_hits: tuple[HitSelection, ...] = ()
    label: LabelRule | None = None
    observers: Mapping[str, Column] = Field(default_factory=dict)
    key: Column | None = None
    axis: tuple[float, float, float] | None = None

    @field_validator("axis")
    @classmethod
    def _some_direction(
        cls, value: tuple[float, float, float] | None
    ) -> tuple[float, float, float] | None:
        if value is not None and not (all(map(math.isfinite, value)) and any(value)):
            message = "expected a direction: three finite numbers that are not all zero"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _distinct_names(self) -> Schema:
        names = [feature.name for feature in self.features]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            message = f"each feature needs a name of its own, these come twice: {', '.join(twice)}"
            raise ValueError(message)
        taken = ("num_nodes", "edge_", "face")
        bad = [
            n
            for n in self.observers
            if n in _RESERVED or fields.is_hit_field(n) or n.startswith(taken)
        ]
        if bad:
            message = (
                f"these observer names are taken by hitclr or PyTorch Geometric: "
                f"{', '.join(sorted(bad))}"
            )
            raise ValueError(message)
        for name in (*self.observers, *self.hit_columns):
            if not name.isidentifier():
                message = f"{name!r} is not usable as a name: letters, digits, underscores"
                raise ValueError(message)
            if "index" in name or "batch" in name:
                message = (
                    f"{name!r} is not usable as a name: PyTorch Geometric shifts the values of "
                    f"columns whose name contains 'index' or 'batch'"
                )
                raise ValueError(message)
        return self

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the columns of ``x``."""
        return tuple(feature.name for feature in self.features)

    def hit_branches(self) -> Iterator[str]:
        """Every branch with one value per hit, without repetition."""
        names = [
            *self.positions.branches,
            *(feature.branch for feature in self.features),
            *self.hit_columns.values(),
            *(selection.branch for selection in self.select_hits),
        ]
        yield from dict.fromkeys(names)

    def to_yaml(self) -> str:
        """The schema as YAML that `load_schema` reads back."""
        plain = self.model_dump(mode="json", exclude_defaults=True)
        return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)


def load_schema(source: str | Path | Mapping[str, Any]) -> Schema:
    """Read a schema from a YAML file, or from a mapping of the same form.

    Raises:
        SchemaError: the file cannot be read, is not YAML, or is no valid schema; the message names
            the key at fault and the nearest known one.
    """
    if isinstance(source, Mapping):
        where, content = "the schema", source
    else:
        where = f"the schema file {source}"
        content = read_mapping(Path(source), "the schema file", "name: ..., tree: ...", SchemaError)
    try:
        return Schema.model_validate(content)
    except ValidationError as error:
        message = f"{where} is not valid:\n{explain(error, Schema)}"
        raise SchemaError(message) from error
