"""Columns of a tree by name: branches, and members of structures that are stored whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from hitclr.errors import InputError, nearest
from hitclr.io.files import FileName, branch_names, read_known_branch, require_branches
from hitclr.io.policy import Reason
from hitclr.io.schema import Record

__all__ = ["Branches", "lacking_branches"]

_SEPARATOR = re.compile(r"[./]")
_PROBED_ENTRIES = 256


def _branch_of(name: str, known: frozenset[str]) -> tuple[str, tuple[str, ...]] | None:
    """The branch that holds a column, and the members that lead to it; None where there is none.

    A structure that is not split into branches is one branch, ``hits``; its members are written
    like branches, ``hits.pos.x``.
    """
    if name in known:
        return name, ()
    ends = [match.start() for match in _SEPARATOR.finditer(name)]
    for end in reversed(ends):
        stem = name[:end]
        if stem in known and not any(other.startswith((f"{stem}.", f"{stem}/")) for other in known):
            return name[:end], tuple(_SEPARATOR.split(name[end + 1 :]))
    return None


def lacking_branches(tree: Any, names: Iterable[str]) -> list[str]:
    """Those columns that no branch of the tree holds."""
    known = frozenset(branch_names(tree))
    return [name for name in names if _branch_of(name, known) is None]


class Branches:
    """The columns of a tree that are to be read.

    Args:
        tree: the open TTree or RNTuple.
        file: the file that it is in.
        names: the columns.
        pool: threads that read branches at the same time; None reads one after the other.
        records: what the bytes of some branches are, where the file does not say it.

    Raises:
        InputError: the tree lacks some; the message has all of them, with the closest names.
    """

    def __init__(
        self,
        tree: Any,
        file: FileName,
        names: Sequence[str],
        pool: ThreadPoolExecutor | None = None,
        records: Mapping[str, Record] | None = None,
    ) -> None:
        self._records = records or {}
        self.tree = tree
        self.file = file
        self.pool = pool
        self.number = int(tree.num_entries)
        known = frozenset(branch_names(tree))
        self._places = {name: _branch_of(name, known) or (name, ()) for name in names}
        self._branches = list(dict.fromkeys(branch for branch, _ in self._places.values()))
        require_branches(tree, self._branches, file)

    def read(self, names: Iterable[str], start: int, stop: int) -> dict[str, ak.Array]:
        """The values of some of the columns for the entries ``start`` to ``stop``.

        Raises:
            InputError: a structure has no such member, or a branch cannot be read.
        """
        places = {name: self._places[name] for name in names}
        wanted = list(dict.fromkeys(branch for branch, _ in places.values()))

        def read(branch: str) -> ak.Array:
            record = self._records.get(branch)
            return read_known_branch(self.tree, branch, self.file, start, stop, record)

        read_all = map(read, wanted) if self.pool is None else self.pool.map(read, wanted)
        arrays = dict(zip(wanted, read_all, strict=True))
        return {
            name: self._member(arrays[branch], members, name)
            for name, (branch, members) in places.items()
        }

    def _member(self, array: ak.Array, members: Sequence[str], name: str) -> ak.Array:
        for member in members:
            if member not in array.fields:
                near = nearest(member, array.fields) or array.fields
                message = (
                    f"expected a member {member!r} of the structure, it has "
                    f"{', '.join(near) or 'none at all'}"
                )
                raise InputError(
                    message,
                    reason=Reason.MISSING_BRANCH,
                    file=self.file,
                    tree=str(self.tree.name),
                    branch=name,
                    advice=f"mend the name in the schema; `hitclr inspect {self.file}` lists what "
                    f"there is",
                )
            array = array[member]
        return array

    def clusters(self) -> NDArray[np.int64]:
        """Offsets [C+1] in entries between which the columns are stored together.

        For an RNTuple these are its clusters; for a TTree the entries at which all branches begin
        a basket.
        """
        if hasattr(self.tree, "cluster_summaries"):
            inner = {int(cluster.num_first_entry) for cluster in self.tree.cluster_summaries}
        else:
            offsets = [set(map(int, self.tree[name].entry_offsets)) for name in self._branches]
            inner = set.intersection(*offsets) if offsets else set()
        ends = {0, self.number} | {entry for entry in inner if 0 < entry < self.number}
        return np.array(sorted(ends), dtype=np.int64)

    def bytes_per_entry(self) -> float:
        """How large the columns are on average in memory, about."""
        if not self.number:
            return 0.0
        if hasattr(self.tree, "cluster_summaries"):  # an RNTuple does not tell
            stop = min(_PROBED_ENTRIES, self.number)
            probe: Mapping[str, ak.Array] = self.read(self._places, 0, stop)
            return float(sum(array.nbytes for array in probe.values()) / stop)
        total = sum(int(self.tree[name].uncompressed_bytes) for name in self._branches)
        return total / self.number
