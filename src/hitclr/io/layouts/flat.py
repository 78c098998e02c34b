"""An entry is a hit; the hits of an event share the values of one or more columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Lock
from typing import Any, Literal

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from hitclr.errors import InputError
from hitclr.io.files import FileName
from hitclr.io.layouts.branches import Branches
from hitclr.io.policy import Reason
from hitclr.io.schema import Record

__all__ = ["FlatTree"]

_PIECE = 2**22  # rows of the grouping columns that are looked at in one go


class FlatTree:
    """A tree with an entry for each hit, grouped into events; see `EventTree`.

    Events are numbered in the order of their first hits, hits stay in their order. The grouping
    columns are read once, when the tree is opened.

    Args:
        tree: the open tree.
        file: the file that it is in.
        branches: what will be read, the grouping columns among it.
        group_by: the columns whose values the hits of an event share.
        rows: ``contiguous``: the hits of an event follow one another; ``any``: they may stand
            anywhere, and each column is read whole and kept.
        pool: threads that read branches at the same time; None reads one after the other.
        records: what the bytes of some branches are, where the file does not say it.

    Raises:
        InputError: a grouping column has no whole numbers, or the hits of an event are apart.
    """

    def __init__(
        self,
        tree: Any,
        file: FileName,
        branches: Sequence[str],
        group_by: Sequence[str],
        rows: Literal["contiguous", "any"],
        pool: ThreadPoolExecutor | None = None,
        records: Mapping[str, Record] | None = None,
    ) -> None:
        self._branches = Branches(tree, file, branches, pool, records)
        self._number = self._branches.number
        self.file = file
        self.name = str(tree.name)
        self._error = partial(InputError, file=file, tree=self.name)
        self._kept: dict[str, NDArray[Any]] | None = None
        self._lock = Lock()
        if rows == "contiguous":
            starts, values = self._find_starts(group_by)
            self._require_together(starts, values, group_by)
            self._rows = None
        else:
            self._kept = {}
            columns = self._whole(group_by)
            self._require_whole_numbers(columns)
            self._rows, starts = _grouped(columns)
        self._first = starts if self._rows is None else self._rows[starts]
        self._ptr = np.append(starts, self._number)
        self.number = len(starts)
        self.bytes_per_event = self._branches.bytes_per_entry() * self._number / max(self.number, 1)
        ends = self._branches.clusters()
        whole = np.array([0, self.number])
        # A cluster of rows begins with the first event that begins in it.
        inner = np.searchsorted(starts, ends) if self._rows is None else whole
        self.clusters = np.unique(np.concatenate([inner, whole])).astype(np.int64)

    def columns(self, names: Sequence[str], start: int, stop: int) -> Mapping[str, ak.Array]:
        """See `EventTree.columns`."""
        ptr = self._ptr[start : stop + 1]
        first, last = int(ptr[0]), int(ptr[-1])
        if self._rows is None:
            flat = self._read(names, first, last)
        else:
            rows = self._rows[first:last]
            flat = {name: column[rows] for name, column in self._whole(names).items()}
        offsets = ak.index.Index64(ptr - first)
        return {
            name: ak.Array(ak.contents.ListOffsetArray(offsets, ak.contents.NumpyArray(column)))
            for name, column in flat.items()
        }

    def entries(self, start: int, stop: int) -> NDArray[np.int64]:
        """See `EventTree.entries`."""
        return self._first[start:stop]

    def _whole(self, names: Sequence[str]) -> dict[str, NDArray[Any]]:
        """Whole columns, read once."""
        with self._lock:  # several threads may ask, and one is to read
            kept = self._kept if self._kept is not None else {}
            missing = [name for name in names if name not in kept]
            kept.update(self._read(missing, 0, self._number))
            return {name: kept[name] for name in names}

    def _read(self, names: Sequence[str], first: int, last: int) -> dict[str, NDArray[Any]]:
        """Columns of the rows ``first`` to ``last``, a number each."""
        arrays = self._branches.read(names, first, last)
        for name, array in arrays.items():
            if array.ndim != 1 or array.fields or not hasattr(array.type.content, "primitive"):
                message = (
                    f"expected one number per entry, since in the flat layout an entry is a hit, "
                    f"the branch holds {array.type.content}"
                )
                raise self._error(
                    message,
                    reason=Reason.WRONG_TYPE,
                    branch=name,
                    advice="name another branch, or `layout: jagged` if an entry is an event",
                )
        return {name: ak.to_numpy(array) for name, array in arrays.items()}

    def _group_pieces(
        self, group_by: Sequence[str]
    ) -> Iterator[tuple[int, dict[str, NDArray[Any]]]]:
        """The grouping columns piece by piece, with the row at which each begins."""
        for start in range(0, self._number, _PIECE):
            piece = self._read(group_by, start, min(start + _PIECE, self._number))
            self._require_whole_numbers(piece)
            yield start, piece

    def _require_whole_numbers(self, columns: Mapping[str, NDArray[Any]]) -> None:
        for name, values in columns.items():
            if values.dtype.kind not in "iub":
                message = (
                    f"expected whole numbers that number the events, the branch holds "
                    f"{values.dtype}"
                )
                raise self._error(
                    message,
                    reason=Reason.WRONG_TYPE,
                    branch=name,
                    advice="name integer columns as the schema's group_by",
                )

    def _find_starts(self, group_by: Sequence[str]) -> tuple[NDArray[np.int64], list[NDArray[Any]]]:
        """The rows at which the group changes [E], and the groups' values, [E] for each column."""
        starts: list[NDArray[np.int64]] = []
        values: list[list[NDArray[Any]]] = [[] for _ in group_by]
        last: list[Any] | None = None
        for start, piece in self._group_pieces(group_by):
            columns = [piece[name] for name in group_by]
            new = np.zeros(len(columns[0]), dtype=np.bool_)
            for place, column in enumerate(columns):
                new[1:] |= column[1:] != column[:-1]
                new[0] |= last is None or column[0] != last[place]
            last = [column[-1] for column in columns]
            found = np.flatnonzero(new)
            starts.append(found + start)
            for kept, column in zip(values, columns, strict=True):
                kept.append(column[found])
        if not starts:
            return np.zeros(0, dtype=np.int64), [np.zeros(0, dtype=np.int64) for _ in group_by]
        return np.concatenate(starts), [np.concatenate(column) for column in values]

    def _require_together(
        self, starts: NDArray[np.int64], values: Sequence[NDArray[Any]], group_by: Sequence[str]
    ) -> None:
        """Check that no group begins twice."""
        order = np.lexsort(values[::-1])
        again = np.ones(max(len(order) - 1, 0), dtype=np.bool_)
        for column in values:
            again &= column[order[1:]] == column[order[:-1]]
        if not again.any():
            return
        # The sort is stable: of two equal groups, the later one stands second.
        later = np.flatnonzero(again) + 1
        culprit = later[np.argmin(starts[order[later]])]
        row, before = int(starts[order[culprit]]), int(starts[order[culprit - 1]])
        event = ", ".join(
            f"{name} {column[order[culprit]]}"
            for name, column in zip(group_by, values, strict=True)
        )
        message = (
            f"expected the hits of an event one after the other, but those of the event {event} "
            f"begin at entry {before} and again at entry {row} ({len(later)} such cases)"
        )
        raise self._error(
            message,
            reason=Reason.NOT_CONTIGUOUS,
            branch=group_by[0],
            entry=row,
            advice="`rows: any` in the schema groups them wherever they stand; or give the columns "
            "that number the events in the whole file (run and event) as group_by",
        )


def _grouped(columns: Mapping[str, NDArray[Any]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows [N] sorted by group, the groups by their first rows, and where each begins [E]."""
    values = list(columns.values())
    order = np.lexsort(values[::-1])  # stable: rows of a group stay in their order
    new = np.zeros(len(order), dtype=np.bool_)
    new[:1] = True
    for column in values:
        new[1:] |= column[order[1:]] != column[order[:-1]]
    group = np.cumsum(new) - 1
    rank = np.empty(int(new.sum()), dtype=np.int64)
    rank[np.argsort(order[new], kind="stable")] = np.arange(len(rank))
    rows = order[np.argsort(rank[group], kind="stable")]
    counts = np.bincount(rank[group], minlength=len(rank))
    return rows.astype(np.int64), (np.cumsum(counts) - counts).astype(np.int64)
