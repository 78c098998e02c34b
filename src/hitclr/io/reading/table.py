"""The columns of a chunk, read and derived, with what they say of its events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import awkward as ak
import numpy as np

from hitclr.errors import SchemaError
from hitclr.io.policy import SKIP_IT, Reason
from hitclr.io.reading.columns import (
    Bools,
    Ints,
    Source,
    any_per_event,
    first_of_event,
    jagged,
    list_parts,
    offsets_of,
)
from hitclr.io.reading.verdicts import Verdicts
from hitclr.io.schema import Expression, Lookup

__all__ = ["Table"]


class Table:
    """The columns of a chunk by name, one entry per event; derived ones are added.

    Args:
        columns: the branches.
        source: where they come from.
        verdicts: on the events; those whose lists do not fit together are blamed.
        flat: whether an entry of the tree is a hit, so that all columns are lists.
    """

    def __init__(
        self, columns: Mapping[str, ak.Array], source: Source, verdicts: Verdicts, *, flat: bool
    ) -> None:
        self.columns = dict(columns)
        self.source = source
        self.verdicts = verdicts
        self.flat = flat
        self._rows: dict[str, tuple[Ints | None, Ints]] = {}

    def __getitem__(self, name: str) -> ak.Array:
        return self.columns[name]

    def make(self, lookups: Mapping[str, Lookup], derived: Mapping[str, Expression]) -> None:
        """Add columns that are looked up, and then derived ones in order; those there stay.

        Events with a hit that has no row in a table are blamed.

        Raises:
            InputError: an expression or a table does not go with what the branches hold.
        """
        for name, lookup in lookups.items():
            if name not in self.columns:
                self.columns[name] = self._look_up(lookup)
        for name, expression in derived.items():
            if name not in self.columns:
                self.columns[name] = self.evaluate(expression)

    def _look_up(self, lookup: Lookup) -> ak.Array:
        """The value of a table's column for each hit, or for each event where all keys are such."""
        if lookup.name not in self._rows:
            self._rows[lookup.name] = self._find_rows(lookup)
        counts, rows = self._rows[lookup.name]
        values = lookup.table.take(lookup.column, rows)
        return ak.Array(values) if counts is None else jagged(counts, values)

    def _find_rows(self, lookup: Lookup) -> tuple[Ints | None, Ints]:
        """The rows [N] of a table, and the number of hits of each event, if it is for hits."""
        what = f"a row of the table {lookup.name}"
        columns = self._of_one_length([lookup.names], what)
        parts = {
            name: list_parts(array, name, self.source)
            for name, array in columns.items()
            if array.ndim == 2
        }
        counts = next((counts for counts, _ in parts.values()), None)
        keys = []
        for name, array in columns.items():
            values = parts[name][1] if name in parts else ak.to_numpy(array)
            if values.dtype.kind not in "iub":
                message = f"expected integers, by which the table {lookup.name} is looked up"
                raise self.source.error(
                    message,
                    Reason.WRONG_TYPE,
                    branch=name,
                    entry=None,
                    advice="mend the keys of the table in the schema",
                )
            own = values.astype(np.int64)
            keys.append(own if counts is None or name in parts else np.repeat(own, counts))
        rows, depth = lookup.table.find(keys)
        if (rows < 0).any():
            self._blame_lacking(lookup, counts, keys, rows, depth)
        return counts, rows

    def _blame_lacking(
        self, lookup: Lookup, counts: Ints | None, keys: list[Ints], rows: Ints, depth: Ints
    ) -> None:
        lacking = rows < 0
        bad = lacking if counts is None else any_per_event(lacking, offsets_of(counts))
        told = bad & self.verdicts.good
        if not told.any():
            return
        owner = np.arange(len(bad))
        owner = owner if counts is None else np.repeat(owner, counts)
        hit = int(np.flatnonzero(lacking & told[owner])[0])
        known = int(depth[hit])
        self.verdicts.blame(
            bad,
            Reason.NOT_IN_TABLE,
            f"expected a row of the table {lookup.name} for each "
            f"{'event' if counts is None else 'hit'}, there is none with "
            f"{lookup.table.describe([int(key[hit]) for key in keys[: known + 1]])}"
            f"{f'; the table has {lookup.table.known_values()}' if known == 0 else ''}",
            branch=lookup.names[known],
            advice=f"give the schema the table that belongs to this file, or {SKIP_IT}",
        )

    def evaluate(self, expression: Expression) -> ak.Array:
        """The value of an expression for each event, or for each hit.

        Raises:
            InputError: it does not go with what the branches hold.
        """
        try:
            return expression.evaluate(self._fitting(expression))
        except SchemaError as error:
            message = (
                f"the schema's expression {expression.text!r} does not go with the tree: {error}"
            )
            raise self.source.error(
                message,
                Reason.WRONG_TYPE,
                branch=expression.names[0] if expression.names else None,
                entry=None,
                advice="mend the expression in the schema",
            ) from error

    def condition(self, expression: Expression) -> Bools:
        """Whether an expression is true for each event [n] bool; NaN is not.

        Raises:
            InputError: it does not go with what the branches hold, or has several values per event.
        """
        array = self.evaluate(expression)
        if array.ndim == 2 and self.flat:
            array = self.one_per_event(array, expression.text)
        if array.ndim != 1:
            message = (
                f"expected one value per event of {expression.text!r}, got a list: {array.type}"
            )
            raise self.source.error(
                message,
                Reason.WRONG_TYPE,
                branch=expression.names[0],
                entry=None,
                advice="use any(...), all(...), count(...) or an element such as [0]",
            )
        values = ak.to_numpy(array)
        true: Bools = (values != 0) & ~np.isnan(values)
        return true

    def one_per_event(self, array: ak.Array, branch: str) -> ak.Array:
        """In a flat tree, the value that the hits of an event have in common."""
        first, same = first_of_event(array)
        self.verdicts.blame(
            ~same,
            Reason.NOT_CONSTANT,
            "expected one value for all hits of an event, since it is used as the event's, this "
            "event has several",
            branch=branch,
        )
        return first

    def _fitting(self, expression: Expression) -> dict[str, ak.Array]:
        return self._of_one_length(expression.together, repr(expression.text))

    def _of_one_length(self, groups: Sequence[Sequence[str]], made: str) -> dict[str, ak.Array]:
        """Some columns; events whose lists differ within a group are blamed and have empty ones."""
        columns = {name: self.columns[name] for group in groups for name in group}
        lists = [[name for name in group if columns[name].ndim == 2] for group in groups]
        parts = {
            name: list_parts(columns[name], name, self.source)
            for group in lists
            if len(group) > 1
            for name in group
        }
        worst = np.zeros(len(self.verdicts.codes), dtype=np.bool_)
        for group in lists:
            bad = np.zeros_like(worst)
            for one, two in pairwise(group):
                bad |= parts[one][0] != parts[two][0]
            if bad.any():
                self.verdicts.blame(
                    bad,
                    Reason.UNEQUAL_LENGTHS,
                    f"expected lists of the same length in {', '.join(group)}, of which the schema "
                    f"makes {made}; this entry has others",
                    branch=group[0],
                )
            worst |= bad
        if not worst.any():
            return columns
        emptied = {
            name: jagged(np.where(worst, 0, counts), values[np.repeat(~worst, counts)])
            for name, (counts, values) in parts.items()
        }
        return {**columns, **emptied}
