"""An event store that is put together part by part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hitclr.events.store import EventStore

__all__ = ["StoreBuilder"]

_AHEAD = 16  # parts of the size of the first that a column has room for at once


class StoreBuilder:
    """Joins parts, in order, to one `EventStore`.

    Columns have room for more than they hold; room that was never written to takes no memory. So
    memory holds each event once, and one part besides.
    """

    def __init__(self) -> None:
        self._first: EventStore | None = None
        self._hits: dict[str, _Column] = {}
        self._events: dict[str, _Column] = {}
        self._ends = _Column()
        self._clusters = _Column()

    def append(self, part: EventStore) -> None:
        """Add the events of a part behind those that are there; its tensors are copied.

        Raises:
            ValueError: the part has other columns or features than the first.
        """
        if self._first is None:
            self._first = part
            self._hits = {name: _Column() for name in part.hits}
            self._events = {name: _Column() for name in part.events}
        self._require_like_first(part)
        number, hits, _ = self.mark()
        clusters = torch.tensor([0, len(part)]) if part.clusters is None else part.clusters
        self._ends.append(part.ptr[1:] + hits)
        self._clusters.append(clusters[1:] + number)
        for own, columns in ((self._hits, part.hits), (self._events, part.events)):
            for name, column in own.items():
                column.append(columns[name])

    def mark(self) -> tuple[int, int, int]:
        """How many events, hits and clusters there are."""
        number = self._ends.length
        hits = int(self._ends.values[number - 1]) if number else 0
        return number, hits, self._clusters.length

    def rewind(self, mark: tuple[int, ...]) -> None:
        """Drop what was added after ``mark`` was given."""
        self._ends.length, hits, self._clusters.length = mark
        for column in self._hits.values():
            column.length = hits
        for column in self._events.values():
            column.length = self._ends.length

    def build(self) -> EventStore:
        """The store of all events, which takes the columns over; its names are the first part's.

        Raises:
            ValueError: there was no part.
        """
        if self._first is None:
            message = "expected at least one part to make a store of, got none"
            raise ValueError(message)
        zero = torch.zeros(1, dtype=torch.int64)
        return replace(
            self._first,
            hits=_taken(self._hits),
            events=_taken(self._events),
            ptr=torch.cat([zero, self._ends.take()]),
            clusters=torch.cat([zero, self._clusters.take()]),
        )

    def _require_like_first(self, part: EventStore) -> None:
        if part.hits.keys() != self._hits.keys() or part.events.keys() != self._events.keys():
            message = (
                f"parts with different columns cannot be joined: "
                f"{sorted([*self._hits, *self._events])} and "
                f"{sorted([*part.hits, *part.events])}"
            )
            raise ValueError(message)
        first = self._first
        if first is not None and part.feature_names != first.feature_names:
            message = (
                f"parts with different features cannot be joined: {list(first.feature_names)} and "
                f"{list(part.feature_names)}"
            )
            raise ValueError(message)


def _taken(columns: Mapping[str, _Column]) -> dict[str, Tensor]:
    return {name: column.take() for name, column in columns.items()}


class _Column:
    """Rows with room for more.

    Attributes:
        values: [room, ...], the rows and the room behind them.
        length: the number of rows.
    """

    def __init__(self) -> None:
        self.values: NDArray[Any] = np.empty(0, dtype=np.int64)
        self.length = 0

    def append(self, rows: Tensor) -> None:
        """Add rows [n, ...]; all have one shape and kind."""
        new = rows.numpy()
        end = self.length + len(new)
        if not self.length or end > len(self.values):
            # By numpy, which asks for large pages where torch does not.
            room = max(end, 2 * self.length, _AHEAD * len(new))
            values = np.empty((room, *new.shape[1:]), dtype=new.dtype)
            if self.length:
                values[: self.length] = self.values[: self.length]
            self.values = values
        if new.dtype != self.values.dtype:
            message = f"a column of {self.values.dtype} goes on with {new.dtype}"
            raise ValueError(message)
        self.values[self.length : end] = new
        self.length = end

    def take(self) -> Tensor:
        """The rows [length, ...]; the room behind them is given back, and the column is empty."""
        values, self.values = self.values, np.empty(0, dtype=np.int64)
        values.resize((self.length, *values.shape[1:]), refcheck=False)
        self.length = 0
        return torch.from_numpy(values)
