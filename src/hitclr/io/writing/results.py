"""Results row for row, in whatever format: the contract of its writers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hitclr.errors import OutputError
from hitclr.io.writing.output import Output

__all__ = ["ResultWriter"]

_BLOCK_BYTES = 8 * 2**20


class ResultWriter(Output):
    """Writes a table row by row; the file appears when it is complete.

    Rows are gathered into blocks of 8 MB, however many come at a time: a block is a basket of each
    branch in ROOT, a row group in parquet. So memory does not grow with the number of rows, and the
    file does not fall to pieces where few rows come at a time.

    Use it as a context manager: if the block fails or is interrupted, no file is left behind.

    Args:
        path: the file to write.
        name: the name of the table.
        columns: the dtype of each column; ``np.dtype(("<f4", (64,)))`` for rows of 64 numbers.
        metadata: plain values that describe the table, stored with it as JSON.

    Raises:
        OutputError: the file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        columns: Mapping[str, np.dtype[Any]],
        metadata: Mapping[str, Any],
    ) -> None:
        super().__init__(path)
        self._room = max(1, _BLOCK_BYTES // sum(dtype.itemsize for dtype in columns.values()))
        self._block = {column: np.empty(self._room, dtype) for column, dtype in columns.items()}
        self._held = 0
        with self._writing():
            self._open(name, columns, metadata)

    @abstractmethod
    def _open(
        self, name: str, columns: Mapping[str, np.dtype[Any]], metadata: Mapping[str, Any]
    ) -> None:
        """Make the part, with an empty table and its metadata."""

    @abstractmethod
    def _write(self, rows: Mapping[str, NDArray[Any]]) -> None:
        """Write a block of rows. The arrays are used again afterwards."""

    def extend(self, rows: Mapping[str, NDArray[Any]]) -> None:
        """Append rows.

        Args:
            rows: each column [n, ...] by its name.

        Raises:
            OutputError: a column is missing, unknown, or has another shape; or the disk is full, or
                the file cannot be written for another reason.
        """
        count = min((len(column) for column in rows.values()), default=0)
        expected = {name: (count, *held.shape[1:]) for name, held in self._block.items()}
        found = {name: column.shape for name, column in rows.items()}
        if found != expected:
            message = f"{self.path}: expected columns of the shapes {expected}, got {found}"
            raise OutputError(message)
        done = 0
        while done < count:
            taken = min(count - done, self._room - self._held)
            for name, held in self._block.items():
                place = held[self._held : self._held + taken]
                np.copyto(place, rows[name][done : done + taken], casting="same_kind")
            done += taken
            self._held += taken
            if self._held == self._room:
                self._flush()

    def _flush(self) -> None:
        if self._held:
            with self._writing():
                self._write({name: held[: self._held] for name, held in self._block.items()})
            self._held = 0
