"""Trees in which an entry is a hit: the columns that number the events, and the first events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from hitclr.io.inspection import words
from hitclr.io.inspection.inspect import TreeSummary
from hitclr.io.inspection.values import TreeValues

__all__ = ["EventKeys", "FlatValues", "find_keys"]

_KEY_ROWS = 2**22  # entries of the columns that number the events that are looked at
_ROWS = 2**16  # entries of any other column


@dataclass(frozen=True)
class EventKeys:
    """The columns that probably number the events of a flat tree.

    Attributes:
        names: them, the event's own number last.
        known: for each the word that it is named by.
        rows: whether the hits of an event follow one another.
        looked: in how many entries that is so.
        order: [looked] int64, these entries, event by event.
        starts: [E] int64, where each event begins in that order.
        apart: an event whose hits are apart, with two entries at which it begins; empty where there
            is none.
    """

    names: tuple[str, ...]
    known: tuple[str, ...]
    rows: Literal["contiguous", "any"]
    looked: int
    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    apart: str = ""


def find_keys(values: TreeValues) -> EventKeys | None:
    """Find the columns that number the events.

    They hold whole numbers, one for each entry, and are named for it (run, event, spill, ...). That
    an event has several entries tells a table of hits from one of events.

    Returns:
        None where there are none, or each entry has numbers of its own.
    """
    found: dict[str, tuple[tuple[bool, bool, words.Match], str]] = {}
    for name, branch in values.branches.items():
        if branch.shape != "one" or not branch.dtype.startswith(("int", "uint")):
            continue
        for kind, known in words.EVENT_KEYS.items():
            match = words.match(name, known)
            if match and not words.has(words.HIT, words.split_path(name)):
                rank = (match.loose, words.has(words.TRUE, words.split_path(name)), match)
                found[kind] = min(found.get(kind, (rank, name)), (rank, name))
    kinds = [kind for kind in words.EVENT_KEYS if kind in found]
    if not set(kinds) - words.NO_EVENTS:
        return None
    looked = min(values.entries, _KEY_ROWS)
    columns = {kind: values.first(found[kind][1], looked) for kind in kinds}
    if kinds[-1] == "event":
        # A number that changes within events, such as the frame of a hit, is none of the event's.
        most = _changes([columns["event"]]).sum()
        kinds = [
            kind
            for kind in kinds
            if kind in words.NO_EVENTS or _changes([columns[kind]]).sum() <= most
        ]
    keys = [columns[kind] for kind in kinds]
    order = np.lexsort(keys[::-1])
    starts = np.flatnonzero(_changes([key[order] for key in keys]))
    if len(starts) == looked:
        return None
    names = tuple(found[kind][1] for kind in kinds)
    apart = ""
    if _changes(keys).sum() > len(starts):
        apart = _first_apart(names, keys)
    else:
        order = np.arange(looked)
        starts = np.flatnonzero(_changes(keys))
    return EventKeys(
        names,
        tuple(found[kind][0][-1].name for kind in kinds),
        "any" if apart else "contiguous",
        looked,
        order,
        starts,
        apart,
    )


def _changes(keys: Sequence[NDArray[Any]]) -> NDArray[np.bool_]:
    """Whether each entry [n] has other numbers than the one before."""
    new = np.zeros(len(keys[0]), dtype=np.bool_)
    new[:1] = True
    for key in keys:
        new[1:] |= key[1:] != key[:-1]
    return new


def _first_apart(names: Sequence[str], keys: Sequence[NDArray[Any]]) -> str:
    """The first event that begins a second time, in words."""
    begins = np.flatnonzero(_changes(keys))
    own = [key[begins] for key in keys]
    order = np.lexsort(own[::-1])  # stable: of equal ones, the later stands second
    again = np.flatnonzero(~_changes([key[order] for key in own]))
    second = again[np.argmin(begins[order[again]])]
    event = ", ".join(f"{n} {key[order[second]]}" for n, key in zip(names, own, strict=True))
    return f"{event} at entry {begins[order[second - 1]]} and {begins[order[second]]}"


class FlatValues(TreeValues):
    """The first entries of a tree in which an entry is a hit, as lists and numbers of events.

    A branch is of the event where all hits of each event have one value. One that is the same in
    all entries may be either.

    Args:
        tree: the uproot tree or RNTuple.
        summary: its summary.
        file: its file, for messages.
        keys: the columns that number the events.
    """

    flat = True

    def __init__(self, tree: Any, summary: TreeSummary, file: str | Path, keys: EventKeys) -> None:
        super().__init__(tree, summary, file)
        self.keys = keys
        looked = min(self.entries, _ROWS)
        inside = keys.order < looked
        event = np.repeat(
            np.arange(len(keys.starts)), np.diff(np.append(keys.starts, keys.looked))
        )[inside]
        self._rows = keys.order[inside]
        self._own = np.unique(event, return_counts=True)[1]
        self._same_event = event[1:] == event[:-1]
        self.lists = []
        for name, branch in self.branches.items():
            if branch.shape != "one" or not branch.dtype:
                continue
            column = self.first(name, looked)[self._rows]
            same = column[1:] == column[:-1]
            if column.dtype.kind == "f":
                same |= np.isnan(column[1:]) & np.isnan(column[:-1])
            of_event = bool(same[self._same_event].all())
            if not of_event:
                self.branches[name] = replace(branch, shape="list")
            if name not in keys.names and (not of_event or same.all()):
                self.lists.append(name)

    def hits(self, name: str) -> ak.Array:
        """See `TreeValues.hits`."""
        looked = min(self.entries, _ROWS)
        return ak.unflatten(self.first(name, looked)[self._rows], self._own)

    def events(self, name: str) -> ak.Array:
        """See `TreeValues.events`; of more events, since a class may begin late in a file."""
        column = self.first(name, self.keys.looked)
        return ak.Array(column[self.keys.order[self.keys.starts]])

    def counts(self, name: str) -> NDArray[np.int64]:
        """See `TreeValues.counts`."""
        return self._own.astype(np.int64)
