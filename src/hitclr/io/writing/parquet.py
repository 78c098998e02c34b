"""Parquet files: results row for row with the input entries, and tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hitclr.io.whole_file import whole_file
from hitclr.io.writing.results import ResultWriter
from hitclr.optional import require

__all__ = ["ParquetWriter", "require_pyarrow", "write_parquet"]


def require_pyarrow() -> ModuleType:
    """The module ``pyarrow``, which is imported only where parquet is written.

    Raises:
        MissingExtraError: it is not installed.
    """
    why = {"purpose": "writing parquet files", "install": "hitclr[parquet]"}
    pyarrow = require("pyarrow", **why)
    require("pyarrow.parquet", **why)  # an attribute of pyarrow from now on
    return pyarrow


def write_parquet(
    path: Path, rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]
) -> None:
    """Write a table.

    Args:
        path: the file.
        rows: its rows; what one lacks, or has as None, is null.
        columns: the columns with the names of their arrow types, such as ``string``, ``int64`` and
            ``float64``.

    Raises:
        MissingExtraError: pyarrow is not installed.
        OutputError: the file cannot be written.
    """
    arrow = require_pyarrow()
    schema = arrow.schema([(name, arrow.type_for_alias(kind)) for name, kind in columns.items()])
    content = [{name: row.get(name) for name in columns} for row in rows]
    with whole_file(path) as part:
        arrow.parquet.write_table(arrow.Table.from_pylist(content, schema=schema), part)


class ParquetWriter(ResultWriter):
    """Writes results as parquet, a row group for each block.

    A column with several numbers a row is a list of fixed size. The metadata is JSON in the
    schema's metadata, under the table's name.
    """

    def _open(
        self, name: str, columns: Mapping[str, np.dtype[Any]], metadata: Mapping[str, Any]
    ) -> None:
        self._arrow = require_pyarrow()
        self._schema = self._arrow.schema(
            [(column, self._type(dtype)) for column, dtype in columns.items()],
            metadata={name: json.dumps(metadata)},
        )
        # Numbers that hardly ever come twice gain nothing from a dictionary.
        self._file = self._arrow.parquet.ParquetWriter(
            self._part, self._schema, compression="zstd", use_dictionary=False
        )

    def _type(self, dtype: np.dtype[Any]) -> Any:
        """The arrow type of a column."""
        if dtype.subdtype is None:
            return self._arrow.from_numpy_dtype(dtype)
        base, shape = dtype.subdtype
        return self._arrow.list_(self._arrow.from_numpy_dtype(base), *shape)

    def _array(self, column: NDArray[Any]) -> Any:
        """A column [n] or [n, k] as an arrow array."""
        flat = self._arrow.array(column.reshape(-1))
        if column.ndim == 1:
            return flat
        return self._arrow.FixedSizeListArray.from_arrays(flat, column.shape[1])

    def _write(self, rows: Mapping[str, NDArray[Any]]) -> None:
        arrays = [self._array(rows[name]) for name in self._schema.names]
        self._file.write_table(self._arrow.table(arrays, schema=self._schema))

    def _close(self) -> None:
        self._file.close()
