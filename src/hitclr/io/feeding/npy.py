"""Columns as ``.npy`` files: written row by row, read back by mapping them into memory."""

from __future__ import annotations

import io
import math
import mmap
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.lib import format as npy_format
from numpy.typing import NDArray
from torch import Tensor

from hitclr.errors import InputError
from hitclr.io.policy import Reason

__all__ = ["MADE_ANEW", "READABLE", "ColumnForm", "NpyWriter", "map_npy"]

MADE_ANEW = "delete the folder; a run makes its cache anew (hitclr cache clear)"
READABLE = "see that you may read the folder, or name another one for the cache (data.cache)"
"""Advice on a folder of events that cannot be used."""

# Copy-on-write pages are promised memory when they are mapped, and Linux refuses to map more of
# them than there is memory, though nobody writes to them. With this flag it makes no promise.
# Python gives it a name from 3.13 on.
_NO_RESERVE = getattr(mmap, "MAP_NORESERVE", 0x4000) if sys.platform == "linux" else 0


class ColumnForm(NamedTuple):
    """What a column is made of.

    Attributes:
        dtype: numpy's name for the type with its byte order, such as ``<f4``.
        shape: the shape; the first axis counts hits or events.
    """

    dtype: str
    shape: tuple[int, ...]

    def header(self) -> bytes:
        """How the ``.npy`` file begins; the length does not change with the number of rows."""
        file = io.BytesIO()
        content = {"descr": self.dtype, "fortran_order": False, "shape": self.shape}
        npy_format.write_array_header_1_0(file, content)
        return file.getvalue()


class NpyWriter:
    """Writes a ``.npy`` file whose number of rows is known when it is finished.

    Args:
        path: the file, which does not exist yet.
        dtype: the type of the column.
        row: the shape of one row; () for numbers.

    Raises:
        OSError: the file cannot be made.
    """

    def __init__(self, path: Path, dtype: np.dtype[Any], row: tuple[int, ...]) -> None:
        self.form = ColumnForm(dtype.str, (0, *row))
        self._file = path.open("xb")
        self._file.write(self.form.header())

    def append(self, rows: NDArray[Any]) -> None:
        """Append rows [K, ...] of the column's type and shape.

        Raises:
            OSError: the file cannot be written.
        """
        if rows.size:
            self._file.write(np.ascontiguousarray(rows).data)
        first, *row = self.form.shape
        self.form = self.form._replace(shape=(first + len(rows), *row))

    def rewind(self, rows: int) -> None:
        """Drop all but the first ``rows`` rows.

        Raises:
            OSError: the file cannot be written.
        """
        shape = (rows, *self.form.shape[1:])
        size = math.prod(shape) * np.dtype(self.form.dtype).itemsize
        self._file.flush()
        self._file.truncate(len(self.form.header()) + size)
        self._file.seek(0, os.SEEK_END)
        self.form = self.form._replace(shape=shape)

    def finish(self) -> None:
        """Mend the header, see that everything is on the disk, and close the file.

        Raises:
            OSError: the file cannot be written.
        """
        self._file.seek(0)
        self._file.write(self.form.header())
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def close(self) -> None:
        """Close the file as it is.

        Raises:
            OSError: what was still to be written could not be.
        """
        self._file.close()


def map_npy(path: Path, form: ColumnForm) -> Tensor:
    """The column of a ``.npy`` file as a tensor that is read from the disk when it is used.

    Args:
        path: the file.
        form: what it must hold, to the byte.

    Returns:
        The tensor, of ``form``'s shape and type. Whoever changes it changes the process's own copy
        of the touched pages; the file stays as it is.

    Raises:
        InputError: the file is damaged (reason `Reason.DAMAGED_FILE`): it is missing, or its length
            or its header is another; or it cannot be read (reason `Reason.MISSING_FILE`).
    """
    header, number = form.header(), math.prod(form.shape)
    dtype = np.dtype(form.dtype)
    expected = len(header) + number * dtype.itemsize
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size != expected or file.read(len(header)) != header:
                what = (
                    f"expected a column {form.dtype} {list(form.shape)} of {expected} bytes, the "
                    f"file has {size} bytes or begins differently"
                )
                raise InputError(what, reason=Reason.DAMAGED_FILE, file=path, advice=MADE_ANEW)
            if number == 0:  # there is nothing to map
                return torch.from_numpy(np.empty(form.shape, dtype))
            pages = mmap.mmap(
                file.fileno(),
                size,
                flags=mmap.MAP_PRIVATE | _NO_RESERVE,
                prot=mmap.PROT_READ | mmap.PROT_WRITE,
            )
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as fault:
        what = "expected the file of a column, there is none"
        raise InputError(what, reason=Reason.DAMAGED_FILE, file=path, advice=MADE_ANEW) from fault
    except OSError as fault:
        what = f"the file of a column cannot be read: {fault.strerror or fault}"
        raise InputError(what, reason=Reason.MISSING_FILE, file=path, advice=READABLE) from fault
    values = np.frombuffer(pages, dtype, number, len(header))
    return torch.from_numpy(values.reshape(form.shape))
