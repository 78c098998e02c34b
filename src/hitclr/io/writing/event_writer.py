"""Events with lists of any length as a ROOT tree or RNTuple, chunk by chunk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import awkward as ak
import numpy as np
import uproot
from numpy.typing import NDArray

from hitclr.errors import SettingsError
from hitclr.io.writing.root_output import RootOutput

__all__ = ["EventFormat", "EventWriter"]

EventFormat = Literal["ttree", "rntuple"]
"""The two ways in which ROOT stores columns."""

# For 240 MB of simulated deposits zlib at level 1, uproot's default, takes 0.7 ms an event, zstd at
# level 1 a tenth of a millisecond, and the file is as small.
_COMPRESSION = uproot.ZSTD(1)


class EventWriter(RootOutput):
    """Writes one tree with an entry per event; the file appears when it is complete.

    Each event has numbers and, in one group of branches, lists of one length: the branches of the
    group ``hits`` are called ``hits_x``, ... A TTree has beside them ROOT's own counter ``nhits``.
    Use it as a context manager: if the block fails, no file is left behind.

    Args:
        path: the file to write.
        tree: the name of the tree.
        group: the name of the group.
        form: ``ttree`` or ``rntuple``.

    Raises:
        OutputError: the file cannot be written.
        SettingsError: ``form`` is neither of the two.
    """

    def __init__(self, path: Path, tree: str, group: str, form: EventFormat = "ttree") -> None:
        if form not in get_args(EventFormat):
            message = f"expected the format {' or '.join(get_args(EventFormat))}, got {form!r}"
            raise SettingsError(message)
        super().__init__(path, _COMPRESSION)
        self._tree, self._group, self._form = tree, group, form
        self._made = False

    def extend(
        self,
        events: Mapping[str, NDArray[Any]],
        rows: Mapping[str, NDArray[Any]],
        counts: NDArray[np.int64],
    ) -> None:
        """Append events. The first call, even of no events, decides on names and types.

        Args:
            events: the numbers of B events [B], by the names of their branches.
            rows: the lists, laid end to end [N], by their names without that of the group.
            counts: [B] how long the lists of each event are.

        Raises:
            OutputError: the disk is full, or the file cannot be written for another reason.
        """
        lists = {name: ak.unflatten(values, counts) for name, values in rows.items()}
        if self._form == "ttree":
            group = {self._group: ak.zip(lists, depth_limit=2)}
        else:
            group = {f"{self._group}_{name}": values for name, values in lists.items()}
        columns = {name: np.ascontiguousarray(values) for name, values in events.items()}
        with self._writing():
            if not self._made:
                types: dict[str, Any] = {name: values.dtype for name, values in columns.items()}
                types |= {name: values.type.content for name, values in group.items()}
                make = self._file.mktree if self._form == "ttree" else self._file.mkrntuple
                make(self._tree, types)
                self._made = True
            if len(counts):
                self._file[self._tree].extend({**columns, **group})

    def put_metadata(self, name: str, metadata: Mapping[str, Any]) -> None:
        """Store metadata beside the tree, a ``TObjString`` of JSON.

        Raises:
            OutputError: the file cannot be written.
        """
        with self._writing():
            self._file[name] = json.dumps(metadata, indent=2)

    def put_numbers(self, name: str, numbers: Mapping[str, float]) -> None:
        """Store numbers beside the tree, as a TTree with one entry; nothing where there are none.

        Raises:
            OutputError: the file cannot be written.
        """
        if not numbers:
            return
        with self._writing():
            self._file.mktree(name, dict.fromkeys(numbers, np.dtype("f8")))
            self._file[name].extend({key: np.array([value]) for key, value in numbers.items()})
