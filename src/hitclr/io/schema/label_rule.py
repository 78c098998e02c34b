"""The rule for the class of an event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator, model_validator

from hitclr.io.schema.expression import Expression
from hitclr.io.schema.parts import Column, Part, listed, parsed

__all__ = ["LabelRule"]


class LabelRule(Part):
    """The class of an event, from one or more columns or by conditions.

    An event that belongs to no class, or to two, has an unknown label, which the bad-input policy
    deals with.

    Attributes:
        columns: the columns that decide; none where the classes have conditions.
        classes: for each class the values that belong to it: one number for one column, a list of
            as many numbers as there are columns for several. Without columns, its condition, an
            `Expression` that is true for its events.
    """

    columns: tuple[Column, ...] = ()
    classes: Mapping[str, str | tuple[tuple[int, ...], ...]] = Field(min_length=1)

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
            name: values
            if isinstance(values, str)
            else [v if isinstance(v, (list, tuple)) else [v] for v in listed(values)]
            for name, values in value.items()
        }

    @model_validator(mode="after")
    def _matching(self) -> LabelRule:
        owner: dict[tuple[int, ...], str] = {}
        for name, values in self.classes.items():
            if isinstance(values, str) != (not self.columns):
                message = (
                    f"class {name!r}: expected values of the columns, or, without columns, a "
                    f"condition such as 'energy > 1'; got "
                    f"{'a condition and columns' if self.columns else 'values and no columns'}"
                )
                raise ValueError(message)
            if isinstance(values, str):
                parsed(values)
                continue
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

    @property
    def conditions(self) -> Mapping[str, Expression]:
        """The condition of each class; empty where columns decide."""
        return {
            name: Expression(text) for name, text in self.classes.items() if isinstance(text, str)
        }

    @property
    def values(self) -> Mapping[str, tuple[tuple[int, ...], ...]]:
        """The values of each class; empty where conditions decide."""
        return {
            name: values for name, values in self.classes.items() if not isinstance(values, str)
        }
