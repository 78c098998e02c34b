"""The columns of a chunk, read and derived, with what they say of its events."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import awkward as ak
import numpy as np

from hitclr.errors import SchemaError
from hitclr.io.policy import Reason
from hitclr.io.reading.columns import Bools, Source, first_of_event, jagged, list_parts
from hitclr.io.reading.verdicts import Verdicts
from hitclr.io.schema import Expression

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

    def __getitem__(self, name: str) -> ak.Array:
        return self.columns[name]

    def derive(self, name: str, expression: Expression) -> None:
        """Add a derived column."""
        self.columns[name] = self.evaluate(expression)

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
        """The columns of an expression; events whose lists differ in length have empty ones."""
        columns = {name: self.columns[name] for name in expression.names}
        lists = {name: array for name, array in columns.items() if array.ndim == 2}
        if len(lists) < 2:
            return columns
        parts = {name: list_parts(array, name, self.source) for name, array in lists.items()}
        bad = np.zeros(len(self.verdicts.codes), dtype=np.bool_)
        for one, two in pairwise(parts):
            bad |= parts[one][0] != parts[two][0]
        if not bad.any():
            return columns
        self.verdicts.blame(
            bad,
            Reason.UNEQUAL_LENGTHS,
            f"expected lists of the same length in {', '.join(parts)}, of which the schema makes "
            f"{expression.text!r}; this entry has others",
            branch=next(iter(parts)),
        )
        emptied = {
            name: jagged(np.where(bad, 0, counts), values[np.repeat(~bad, counts)])
            for name, (counts, values) in parts.items()
        }
        return {**columns, **emptied}
