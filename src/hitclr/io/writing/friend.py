"""Results as a ROOT tree that runs parallel to the input tree, row for row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hitclr.io.writing.root_output import RootOutput

__all__ = ["FriendWriter"]


class FriendWriter(RootOutput):
    """Writes a ROOT file with one tree, chunk by chunk; the file appears when it is complete.

    Row i belongs to entry i of the input files, one after the other. Use it as a context manager:
    if the block fails, no file is left behind.

    Args:
        path: the file to write.
        tree: the name of the tree.
        branches: the dtype and shape of one row of each branch.
        metadata: stored beside the tree as a JSON string, ``<tree>_info``.

    Raises:
        OutputError: the file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        tree: str,
        branches: Mapping[str, tuple[str, tuple[int, ...]]],
        metadata: Mapping[str, Any],
    ) -> None:
        super().__init__(path)
        self._tree = tree
        with self._writing():
            self._file[f"{tree}_info"] = json.dumps(metadata)
            self._file.mktree(
                tree, {n: np.dtype((kind, shape)) for n, (kind, shape) in branches.items()}
            )

    def extend(self, columns: Mapping[str, NDArray[Any]]) -> None:
        """Append rows.

        Raises:
            OutputError: the disk is full, or the file cannot be written for another reason.
        """
        with self._writing():
            self._file[self._tree].extend(dict(columns))
