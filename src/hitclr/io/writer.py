"""Results as a ROOT tree that runs parallel to the input tree, row for row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import uproot
from numpy.typing import NDArray
from typing_extensions import Self

from hitclr.errors import OutputError

__all__ = ["FriendWriter"]


class FriendWriter:
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
        self.path = path
        self._part = path.with_name(f".{path.name}.part")
        self._tree = tree
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = uproot.recreate(self._part)
            self._file[f"{tree}_info"] = json.dumps(metadata)
            self._file.mktree(
                tree, {n: np.dtype((kind, shape)) for n, (kind, shape) in branches.items()}
            )
        except OSError as error:
            raise self._failed(error) from error

    def extend(self, columns: Mapping[str, NDArray[Any]]) -> None:
        """Append rows.

        Raises:
            OutputError: the disk is full, or the file cannot be written for another reason.
        """
        try:
            self._file[self._tree].extend(dict(columns))
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> OutputError:
        message = (
            f"cannot write {self.path}: {error.strerror or error}\n"
            f"  what to do: see that the folder is writable and the disk has room"
        )
        return OutputError(message)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._file.close()
            if kind is None:
                self._part.replace(self.path)
        except OSError as failure:
            if kind is None:
                raise self._failed(failure) from failure
        finally:
            self._part.unlink(missing_ok=True)
