"""Arrays from an ``.npz`` file, with their shapes held against one another."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from hitclr.errors import OutputError, did_you_mean

__all__ = ["ArrayFile"]

_KINDS = {"float": ("fiu", np.float64), "int": ("iu", np.int64), "text": ("U", np.str_)}


class ArrayFile:
    """The arrays of an ``.npz`` file.

    Shapes are given with names for the sizes, ``("M", "D")``. A name stands for one number in the
    whole file, so that arrays which do not belong together are found when they are read.

    Args:
        path: the file.
        sizes: sizes that are known beforehand, by name.

    Raises:
        OutputError: the file is missing, damaged, or holds pickled objects.
    """

    def __init__(self, path: Path, **sizes: int) -> None:
        self.path = path
        self._sizes = dict(sizes)
        self._arrays: dict[str, NDArray[Any]] = {}
        try:
            with zipfile.ZipFile(path), np.load(path, allow_pickle=False) as loaded:
                self._arrays.update({key: loaded[key] for key in loaded.files})
        except FileNotFoundError as error:
            message = (
                f"expected the result table {path}, which is not there.\n"
                f"  what to do: name the output folder of a run that has ended, or train again"
            )
            raise OutputError(message) from error
        except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            message = (
                f"expected plain arrays in the result table {path}, which cannot be read: {error}\n"
                f"  what to do: the file is damaged; evaluate again to write it anew"
            )
            raise OutputError(message) from error

    def __contains__(self, key: str) -> bool:
        return key in self._arrays

    def take(self, key: str, kind: str, *shape: str | int) -> NDArray[Any]:
        """The array ``key``.

        Args:
            key: its name in the file.
            kind: ``float``, ``int`` or ``text``.
            shape: each size as a number or a name.

        Returns:
            The array as float64, int64 or str.

        Raises:
            OutputError: there is no such key, or the kind or shape is another.
        """
        if key not in self._arrays:
            message = (
                f"expected the key {key!r} in the result table {self.path}, which lacks it. "
                f"{did_you_mean(key, list(self._arrays))}\n"
                f"  what to do: evaluate again with this version of hitclr to write it anew"
            )
            raise OutputError(message)
        array = self._arrays[key]
        codes, dtype = _KINDS[kind]
        if array.dtype.kind not in codes:
            self.reject(key, f"{kind} values", f"dtype {array.dtype}")
        sizes = dict(self._sizes)
        if array.ndim == len(shape):
            for name, size in zip(shape, array.shape, strict=True):
                if isinstance(name, str):
                    sizes.setdefault(name, size)
        known = [sizes.get(name, name) if isinstance(name, str) else name for name in shape]
        if list(array.shape) != known:
            words = ", ".join(
                str(name) if name == size else f"{name} = {size}"
                for name, size in zip(shape, known, strict=True)
            )
            self.reject(key, f"the shape [{words}]", f"{list(array.shape)}")
        self._sizes = sizes
        return array.astype(dtype)

    def reject(self, key: str, expected: str, got: str) -> NoReturn:
        """Say what was expected of ``key`` and what came.

        Raises:
            OutputError: always.
        """
        message = (
            f"expected {expected} in the result table {self.path}, got {got}\n"
            f"  key: {key}\n"
            f"  what to do: evaluate again with this version of hitclr to write it anew"
        )
        raise OutputError(message)
