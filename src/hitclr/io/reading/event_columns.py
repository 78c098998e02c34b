"""The columns of a chunk with one number per event: class, key, weight, observers."""

from __future__ import annotations

from collections.abc import Sequence

import awkward as ak
import numpy as np

from hitclr import fields
from hitclr.io.policy import SKIP_IT, Reason
from hitclr.io.reading.columns import Ints, Numbers, event_values, key_values, label_values
from hitclr.io.reading.table import Table
from hitclr.io.reading.wanted import WEIGHT, Wanted
from hitclr.io.schema import Column, LabelRule, Schema

__all__ = ["SeenKeys", "axis_of", "keys_of", "labels_of", "observers_of", "weights_of"]


class SeenKeys:
    """The keys of the events that were met in a file so far."""

    def __init__(self) -> None:
        self._keys: Ints = np.zeros(0, dtype=np.int64)

    def met(self, keys: Ints) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Whether each key [n] was met before, here or among those before it; they count as met."""
        _, first = np.unique(keys, return_index=True)
        again = np.ones(len(keys), dtype=np.bool_)
        again[first] = False
        place = np.searchsorted(self._keys, keys)
        inside = place < len(self._keys)
        again[inside] |= self._keys[place[inside]] == keys[inside]
        self._keys = np.union1d(self._keys, keys)
        return again


def _event_column(table: Table, column: Column) -> ak.Array:
    array = table[column.branch]
    if table.flat and array.ndim == 2 and column.index is None:
        return table.one_per_event(array, column.branch)
    return array


def labels_of(
    labelling: str | LabelRule | None, classes: Sequence[str], table: Table, number: int
) -> Ints:
    """The class of each event [n] int64; an unknown one under a rule is blamed."""
    if labelling is None:
        return np.full(number, fields.UNKNOWN_LABEL, dtype=np.int64)
    if isinstance(labelling, str):
        return np.full(number, classes.index(labelling), dtype=np.int64)
    if labelling.columns:
        return _labels_by_value(labelling, classes, table)
    return _labels_by_condition(labelling, classes, table, number)


def _labels_by_value(rule: LabelRule, classes: Sequence[str], table: Table) -> Ints:
    values = [
        event_values(_event_column(table, column), column, table.source)[0]
        for column in rule.columns
    ]
    labels = label_values(values, rule, classes)
    unknown = labels < 0
    if unknown.any():
        first = int(np.flatnonzero(unknown & table.verdicts.good)[:1].sum())
        shown = ", ".join(
            "nothing there" if np.isnan(float(v[first])) else f"{float(v[first]):g}" for v in values
        )
        branches = ", ".join(column.branch for column in rule.columns)
        what = (
            f"expected a value that the label rule knows, this entry has ({shown}) in {branches}; "
            f"classes: {', '.join(rule.classes)}"
        )
        table.verdicts.blame(
            unknown,
            Reason.UNKNOWN_LABEL,
            what,
            branch=rule.columns[0].branch,
            advice=f"add the value to a class of the label rule, or {SKIP_IT}",
        )
    return labels


def _labels_by_condition(
    rule: LabelRule, classes: Sequence[str], table: Table, number: int
) -> Ints:
    labels = np.full(number, fields.UNKNOWN_LABEL, dtype=np.int64)
    several = np.zeros(number, dtype=np.bool_)
    for name, expression in rule.conditions.items():
        true = table.condition(expression)
        several |= true & (labels >= 0)
        labels[true] = classes.index(name)
    labels[several] = fields.UNKNOWN_LABEL
    known = ", ".join(f"{name}: {text}" for name, text in rule.classes.items())
    for bad, what in (
        (several, "the conditions of several classes are true for this entry"),
        (labels < 0, "no class's condition is true for this entry"),
    ):
        table.verdicts.blame(
            bad,
            Reason.UNKNOWN_LABEL,
            f"expected one class, {what} ({known})",
            branch=None,
            advice=f"mend the conditions of the label rule, or {SKIP_IT}",
        )
    return labels


def keys_of(schema: Schema, table: Table, seen: SeenKeys | None) -> Ints | None:
    """The key of each event [n] int64, where the schema has one.

    An event without a key is blamed, and one that has the key of another in its file.
    """
    if schema.key is None:
        return None
    branch = schema.key.branch
    keys, present = key_values(_event_column(table, schema.key), schema.key, table.source)
    table.verdicts.blame(
        ~present,
        Reason.NO_KEY,
        "expected a whole number as the event's key, this entry has none: it is missing, not "
        "finite, fractional or too large",
        branch=branch,
        advice=f"name another column as the schema's key, leave the key out, or {SKIP_IT}",
    )
    if seen is not None:
        again = np.zeros(len(keys), dtype=np.bool_)
        good = table.verdicts.good
        again[good] = seen.met(keys[good])
        number = keys[again][:1].tolist()
        table.verdicts.blame(
            again,
            Reason.DUPLICATE_KEY,
            f"expected each key once in a file, this entry has that of an earlier one "
            f"({', '.join(map(str, number))})",
            branch=branch,
            advice=f"name a column that numbers all events of the file as the schema's key, leave "
            f"the key out, or {SKIP_IT}",
        )
    return keys


def weights_of(schema: Schema, wanted: Wanted, table: Table, number: int) -> Numbers | None:
    """The weight of each event [n] float32, where the schema has one; it must be finite.

    It is 1 in an unlabelled sample that does not have it.
    """
    if schema.weight is None:
        return None
    if WEIGHT in wanted.lacking:
        return np.ones(number, dtype=np.float32)
    column = schema.weight
    values = event_values(_event_column(table, column), column, table.source)[0]
    with np.errstate(over="ignore"):
        weights = values.astype(np.float32)
    table.verdicts.blame(
        ~np.isfinite(weights),
        Reason.NOT_FINITE,
        "expected a weight that fits float32, this entry has none, or NaN, inf or a larger one",
        branch=column.branch,
    )
    return weights


def observers_of(schema: Schema, wanted: Wanted, table: Table, number: int) -> dict[str, Numbers]:
    """The observers [n] float64, NaN where an unlabelled sample does not have them."""
    return {
        name: np.full(number, np.nan)
        if name in wanted.lacking
        else event_values(_event_column(table, column), column, table.source)[0].astype(np.float64)
        for name, column in schema.observers.items()
    }


def axis_of(schema: Schema, number: int) -> Numbers | None:
    """The unit vector [n, 3] float32 along the schema's axis, where it has one."""
    if schema.axis is None:
        return None
    vector = np.array(schema.axis, dtype=np.float64)
    vector /= np.abs(vector).max()  # its square may be too large or too small for a number
    unit = (vector / np.linalg.norm(vector)).astype(np.float32)
    return np.tile(unit, (number, 1))
