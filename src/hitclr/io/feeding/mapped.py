"""Columns of a folder that are mapped into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from torch import Tensor

from hitclr.io.feeding.npy import ColumnForm, map_npy

__all__ = ["MappedColumns"]


class MappedColumns(Mapping[str, Tensor]):
    """The columns in a folder of ``.npy`` files, mapped into memory.

    It is pickled by path: a process that gets it, such as a worker started by spawn, maps the same
    files, and nothing is copied. Changes that a process made to its tensors stay its own.

    Args:
        folder: the folder; an absolute path.
        forms: the columns, in order, and what each must hold.

    Raises:
        InputError: a file is damaged or cannot be read, as in `map_npy`.
    """

    def __init__(self, folder: Path, forms: Mapping[str, ColumnForm]) -> None:
        self._folder = folder
        self._forms = dict(forms)
        self._tensors = {
            name: map_npy(folder / f"{name}.npy", form) for name, form in forms.items()
        }

    def __getitem__(self, name: str) -> Tensor:
        return self._tensors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def __reduce__(
        self,
    ) -> tuple[Callable[..., MappedColumns], tuple[Path, dict[str, ColumnForm]]]:
        return MappedColumns, (self._folder, self._forms)
