"""Numbers that a schema looks up by integers of the events: a detector's geometry, calibrations."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, FiniteFloat, field_serializer, field_validator, model_validator

from hitclr.io.schema.parts import Part

__all__ = ["Lookup", "LookupTable"]

Ints = NDArray[np.int64]

_NAMED = 5  # values that a message names
_SHORT = 64  # numbers that are written one by one
_KINDS = ("int64", "float64")


class LookupTable(Part):
    """Rows of numbers, found by one or more integers.

    For each hit (or event) the row is taken whose keys are the values that the branches have there.
    No two rows have the same keys. Long columns are written packed in YAML and JSON (``int64:`` or
    ``float64:``, then base64 of the zlib-compressed little-endian numbers); lists are read, too.

    Attributes:
        keys: for each branch the values [R] of the rows. A branch with one number per event counts
            for each of its hits.
        columns: for each column the numbers [R] of the rows, all integers or all fractional.
    """

    keys: Mapping[str, tuple[int, ...]] = Field(min_length=1)
    columns: Mapping[str, tuple[int, ...] | tuple[FiniteFloat, ...]] = Field(min_length=1)

    @field_validator("keys", "columns", mode="before")
    @classmethod
    def _from_packed(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {name: _unpack(one) if isinstance(one, str) else one for name, one in value.items()}

    @field_serializer("keys", "columns", when_used="json")
    def _to_packed(self, value: Mapping[str, tuple[float, ...]]) -> dict[str, Any]:
        return {
            name: list(one) if len(one) <= _SHORT else _pack(one) for name, one in value.items()
        }

    @model_validator(mode="after")
    def _rows_that_fit(self) -> LookupTable:
        lengths = {name: len(one) for name, one in (*self.keys.items(), *self.columns.items())}
        if len(set(lengths.values())) > 1 or not any(lengths.values()):
            told = ", ".join(f"{name} {number}" for name, number in lengths.items())
            message = f"expected as many numbers in each of the keys and columns, got {told}"
            raise ValueError(message)
        _, first = self._index
        if len(first) < len(self):
            values = np.stack([np.array(one, dtype=np.int64) for one in self.keys.values()], axis=1)
            rows, counts = np.unique(values, axis=0, return_counts=True)
            message = (
                f"expected rows with different keys, {int((counts > 1).sum())} are there more than "
                f"once, the first with {self.describe(rows[counts > 1][0].tolist())}"
            )
            raise ValueError(message)
        return self

    def __eq__(self, other: object) -> bool:
        """Whether the keys and columns are the same; what is kept to find rows does not count."""
        if not isinstance(other, LookupTable):
            return NotImplemented
        return self.keys == other.keys and self.columns == other.columns

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        """The number of rows, R."""
        return len(next(iter(self.keys.values())))

    def find(self, values: Sequence[Ints]) -> tuple[Ints, Ints]:
        """The row of each hit.

        Args:
            values: for each key [N] int64.

        Returns:
            The rows [N] int64, -1 where there is none; and how many of the keys, from the first on,
            some row has in common with the hit [N] int64.
        """
        levels, row_of_code = self._index
        number = len(values[0])
        code, depth = np.zeros(number, dtype=np.int64), np.zeros(number, dtype=np.int64)
        good = np.ones(number, dtype=np.bool_)
        for one, (known, codes) in zip(values, levels, strict=True):
            rank = _places(known, one)
            good &= known[rank] == one
            joint = code * len(known) + rank
            place = _places(codes, joint)
            good &= codes[place] == joint
            code = np.where(good, place, 0)
            depth += good
        return np.where(good, row_of_code[code], -1), depth

    def take(self, column: str, rows: Ints) -> NDArray[Any]:
        """The numbers of a column in the rows [N]; NaN, or 0 among integers, where a row is -1."""
        numbers = self._numbers[column]
        missing = np.nan if numbers.dtype.kind == "f" else 0
        return np.where(rows >= 0, numbers[rows], np.array(missing, dtype=numbers.dtype))

    def describe(self, values: Sequence[int]) -> str:
        """As many keys as there are values, with these, in words."""
        pairs = zip(list(self.keys)[: len(values)], values, strict=True)
        return ", ".join(f"{key} {value}" for key, value in pairs)

    def known_values(self) -> str:
        """What the first key may be, in words."""
        known = self._index[0][0][0].tolist()
        told = ", ".join(map(str, known[:_NAMED]))
        more = f", ... ({len(known)} values)" if len(known) > _NAMED else ""
        return f"{next(iter(self.keys))} {told}{more}"

    @cached_property
    def _index(self) -> tuple[list[tuple[Ints, Ints]], Ints]:
        """What rows are found by.

        For each key its distinct values and the distinct codes of it and the keys before, both
        sorted; and the first row of each code of all keys.
        """
        levels = []
        code, first = np.zeros(len(self), dtype=np.int64), np.zeros(0, dtype=np.int64)
        for column in self.keys.values():
            known, rank = np.unique(np.array(column, dtype=np.int64), return_inverse=True)
            # Numbered anew with each key, so that no product of them overflows.
            codes, first, code = np.unique(
                code * len(known) + rank, return_index=True, return_inverse=True
            )
            levels.append((known, codes))
        return levels, first

    @cached_property
    def _numbers(self) -> dict[str, NDArray[Any]]:
        return {
            name: np.array(one, dtype=np.int64 if isinstance(one[0], int) else np.float64)
            for name, one in self.columns.items()
        }


@dataclass(frozen=True)
class Lookup:
    """One column of a table of the schema, as a column of hits or events.

    Attributes:
        name: the table's name.
        table: the table.
        column: the column.
    """

    name: str
    table: LookupTable
    column: str

    @property
    def names(self) -> tuple[str, ...]:
        """The branches with the keys."""
        return tuple(self.table.keys)


def _places(known: Ints, values: Ints) -> Ints:
    """Where each value stands among sorted, distinct ones; any place for one that is not there."""
    last = len(known) - 1
    if int(known[last]) - int(known[0]) == last:  # without gaps, as most keys are
        place: Ints = np.clip(values - known[0], 0, last)
        return place
    return np.minimum(np.searchsorted(known, values), last)


def _pack(numbers: Sequence[float]) -> str:
    kind = "int64" if isinstance(numbers[0], int) else "float64"
    raw = np.array(numbers, dtype=np.dtype(kind).newbyteorder("<")).tobytes()
    return f"{kind}:{base64.b64encode(zlib.compress(raw)).decode()}"


def _unpack(text: str) -> list[Any]:
    kind, _, packed = text.partition(":")
    numbers: list[Any] | None = None
    if kind in _KINDS:
        with suppress(ValueError, zlib.error):  # the former is also what base64 raises
            raw = zlib.decompress(base64.b64decode(packed, validate=True))
            numbers = np.frombuffer(raw, np.dtype(kind).newbyteorder("<")).tolist()
    if numbers is None:
        message = (
            f"expected a list of numbers, or packed ones as hitclr writes them "
            f"({' or '.join(f'{one}:...' for one in _KINDS)}), got {text[:40]!r}"
        )
        raise ValueError(message)
    return numbers
