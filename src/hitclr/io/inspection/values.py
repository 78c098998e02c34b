"""The first entries of a tree's branches, for guesses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from hitclr.io.files import read_branch
from hitclr.io.inspection.inspect import BranchSummary, Look, TreeSummary

__all__ = ["TreeValues"]


class TreeValues:
    """The first entries of a tree, in which an entry is an event.

    Args:
        tree: the uproot tree or RNTuple.
        summary: its summary.
        file: its file, for messages.

    Attributes:
        branches: the branches by name, but for ROOT's counters.
        lists: the names of those that could hold one number per hit.
        entries: how many the tree has.
        flat: whether an entry is a hit.
    """

    flat = False

    def __init__(self, tree: Any, summary: TreeSummary, file: str | Path) -> None:
        self._tree, self._file = tree, file
        self._counts: dict[str, NDArray[np.int64]] = {}
        self.branches: dict[str, BranchSummary] = {
            b.name: b for b in summary.branches if not b.counter
        }
        self.lists = [branch.name for branch in summary.hit_lists]
        self.entries = summary.entries

    def look(self, name: str) -> Look:
        """What the summary says of the values."""
        return self.branches[name].look or Look(0, 0, None, None)

    def hits(self, name: str) -> ak.Array:
        """A list for each of the first events, of a branch with one number per hit."""
        return self._read(name, self.look(name).entries)

    def events(self, name: str) -> ak.Array:
        """What a branch holds for each of the first events."""
        return self._read(name, self.look(name).entries)

    def counts(self, name: str) -> NDArray[np.int64]:
        """The number of values in each of the first events [events] int64."""
        if name not in self._counts:
            self._counts[name] = ak.to_numpy(ak.num(self.hits(name)))
        return self._counts[name]

    def equal_counts(self, first: str, second: str) -> bool:
        """Whether two branches have equally many values in each event."""
        one, two = self.counts(first), self.counts(second)
        common = min(one.size, two.size)
        return bool(np.array_equal(one[:common], two[:common]))

    def first(self, name: str, entries: int) -> NDArray[Any]:
        """The number in each of the first entries [entries] of a branch that holds one."""
        array = self._read(name, entries)
        values: NDArray[Any] = ak.to_numpy(ak.fill_none(array, np.nan))
        return values

    def _read(self, name: str, entries: int) -> ak.Array:
        return read_branch(self._tree, name, self._file, 0, entries)
