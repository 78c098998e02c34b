"""True deposits in a ROOT file, read back in ranges of events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import torch
from numpy.typing import NDArray

from hitclr.detectors.deposits import Deposits
from hitclr.detectors.deposits_info import DepositsInfo
from hitclr.errors import InputError
from hitclr.events import ptr_from_counts
from hitclr.io.files import FileName, file_name, find_tree, open_root, read_branch, require_branches
from hitclr.io.policy import Reason

__all__ = ["DEPOSITS_TREE", "DepositsFile", "deposits_columns", "read_deposits"]

DEPOSITS_TREE = "deposits"
"""The name of the tree, of its group of lists, and the first part of the metadata's name."""

_METADATA = "simulation"
_ADVICE = "give a file that `hitclr simulate --deposits` wrote, or delete it and make it anew"
_LISTS = ("x", "y", "z", "energy", "length", "time")
_EVENTS = {
    "event": np.int64,
    "pdg": np.int32,
    "energy": np.float32,
    **{f"{what}_{axis}": np.float32 for what in ("vertex", "direction") for axis in "xyz"},
}


def deposits_columns(
    deposits: Deposits,
) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]], NDArray[np.int64]]:
    """Deposits as columns to be written.

    Returns:
        The event columns [B]: ``event`` int64, ``pdg`` int32, ``energy`` in MeV, ``vertex_x``, ...
        in cm and ``direction_x``, ..., float32; the lists laid end to end [M] float32; and the
        number of deposits of each event [B] int64.
    """
    events = {name: deposits.truth[name].numpy().astype(kind) for name, kind in _EVENTS.items()}
    rows = {axis: deposits.pos[:, column].numpy() for column, axis in enumerate("xyz")}
    rows |= {name: getattr(deposits, name).numpy() for name in _LISTS[3:]}
    rows = {name: np.ascontiguousarray(values, np.float32) for name, values in rows.items()}
    return events, rows, deposits.deposits_per_event().numpy()


class DepositsFile:
    """A file that ``hitclr simulate --deposits`` wrote.

    It holds nothing open: each range is read by itself, so that it can be handed to another
    process. Memory is what the range needs.

    Args:
        path: the file, or its URL.

    Attributes:
        path: the file, or its URL.
        info: how the deposits were made.

    Raises:
        InputError: the file is missing or damaged, or holds no deposits.
    """

    def __init__(self, path: FileName) -> None:
        self.path = file_name(path, Path()) if isinstance(path, str) else path
        with open_root(self.path) as directory:
            tree = find_tree(directory, DEPOSITS_TREE, self.path)
            require_branches(tree, [*_EVENTS, *_list_branches()], self.path)
            self.info = self._read_info(directory)
            entries = int(tree.num_entries)
        if entries != self.info.events:
            message = (
                f"expected {self.info.events} events, as the file's metadata say, the tree has "
                f"{entries} entries"
            )
            raise self._wrong(message)

    def __len__(self) -> int:
        return self.info.events

    def read(self, start: int = 0, stop: int | None = None) -> Deposits:
        """The events ``start`` to ``stop`` in the order of the file; to the end without ``stop``.

        Raises:
            IndexError: the range does not lie in the file.
            InputError: the file is damaged.
        """
        stop = len(self) if stop is None else stop
        if not 0 <= start <= stop <= len(self):
            message = (
                f"expected a range of events 0 to {len(self)} of {self.path}, got {start} to {stop}"
            )
            raise IndexError(message)
        with open_root(self.path) as directory:
            tree = find_tree(directory, DEPOSITS_TREE, self.path)
            names = [*_EVENTS, *_list_branches()]
            read = {name: read_branch(tree, name, self.path, start, stop) for name in names}
        counts = ak.to_numpy(ak.num(read[_list_branches()[0]])).astype(np.int64)
        for name in _list_branches()[1:]:
            if not np.array_equal(ak.to_numpy(ak.num(read[name])), counts):
                message = f"expected lists of one length in each event, {name} has others"
                raise self._wrong(message)
        flat = {name: _tensor(ak.flatten(read[f"{DEPOSITS_TREE}_{name}"])) for name in _LISTS}
        truth = {name: _tensor(read[name]) for name in _EVENTS}
        truth["pdg"] = truth["pdg"].long()
        ptr = ptr_from_counts(torch.from_numpy(counts))
        pos = torch.stack([flat[axis] for axis in "xyz"], 1)
        return Deposits(ptr, pos, flat["energy"], flat["length"], flat["time"], truth)

    def _read_info(self, directory: Any) -> DepositsInfo:
        try:
            return DepositsInfo.from_metadata(json.loads(str(directory[_METADATA])))
        except Exception as error:
            message = (
                f"expected the metadata of simulated deposits under the name {_METADATA!r}, cannot "
                f"read them: {type(error).__name__}: {error}"
            )
            raise self._wrong(message) from error

    def _wrong(self, message: str) -> InputError:
        return InputError(
            message,
            reason=Reason.DAMAGED_FILE,
            file=self.path,
            tree=DEPOSITS_TREE,
            advice=_ADVICE,
        )


def read_deposits(path: FileName) -> Deposits:
    """All deposits of a file that ``hitclr simulate --deposits`` wrote.

    Raises:
        InputError: the file is missing or damaged, or holds no deposits.
    """
    return DepositsFile(path).read()


def _list_branches() -> list[str]:
    return [f"{DEPOSITS_TREE}_{name}" for name in _LISTS]


def _tensor(values: ak.Array) -> torch.Tensor:
    return torch.from_numpy(ak.to_numpy(values))
