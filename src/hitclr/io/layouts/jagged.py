"""An entry is an event, its hits are lists in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from hitclr.io.files import FileName
from hitclr.io.layouts.branches import Branches
from hitclr.io.schema import Record

__all__ = ["JaggedTree"]


class JaggedTree:
    """A tree with an entry for each event; see `EventTree`.

    Args:
        tree: the open tree.
        file: the file that it is in.
        branches: what will be read.
        pool: threads that read branches at the same time; None reads one after the other.
        records: what the bytes of some branches are, where the file does not say it.
    """

    def __init__(
        self,
        tree: Any,
        file: FileName,
        branches: Sequence[str],
        pool: ThreadPoolExecutor | None = None,
        records: Mapping[str, Record] | None = None,
    ) -> None:
        self._branches = Branches(tree, file, branches, pool, records)
        self.file = file
        self.name = str(tree.name)
        self.number = self._branches.number
        self.clusters = self._branches.clusters()
        self.bytes_per_event = self._branches.bytes_per_entry()

    def columns(self, names: Sequence[str], start: int, stop: int) -> Mapping[str, ak.Array]:
        """See `EventTree.columns`."""
        return self._branches.read(names, start, stop)

    def entries(self, start: int, stop: int) -> NDArray[np.int64]:
        """See `EventTree.entries`."""
        return np.arange(start, stop, dtype=np.int64)
