"""The test events of one cell, with their embeddings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hitclr.errors import OutputError
from hitclr.reports.array_file import ArrayFile
from hitclr.reports.study.table import Cell

__all__ = ["CellEvents", "find_cells", "load_cell_events"]

_TABLE, _ARRAYS = "cell.json", "cell.npz"
_NAMES = ("method", "domain", "target", "seed")


@dataclass(frozen=True)
class CellEvents:
    """The test events of a cell under its throws, S rows.

    Attributes:
        throw: [S] int64, the index in the study's throws.
        key: [S] int64, the same for one event under all throws.
        label: [S] int64, the class; -1 where unknown.
        embedding: [S, D] float64.
    """

    throw: NDArray[np.int64]
    key: NDArray[np.int64]
    label: NDArray[np.int64]
    embedding: NDArray[np.float64]


def find_cells(directory: Path) -> dict[Cell, Path]:
    """The arrays of each finished cell of a study.

    Args:
        directory: the output folder of the study.

    Raises:
        OutputError: the table of a cell cannot be read.
    """
    found = {}
    for path in sorted((directory / "cells").rglob(_TABLE)):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            method, domain, target, seed = (content[key] for key in _NAMES)
            cell = Cell(method, domain, target, seed, content.get("left_out"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            message = (
                f"expected {', '.join(_NAMES)} of a cell in {path}, which cannot be read: "
                f"{error!r}\n"
                f"  what to do: delete its folder and run the study again"
            )
            raise OutputError(message) from error
        if path.with_name(_ARRAYS).is_file():
            found[cell] = path.with_name(_ARRAYS)
    return found


def load_cell_events(path: Path, num_throws: int, num_classes: int) -> CellEvents | None:
    """Read the events of a cell; None where it kept no embeddings.

    Args:
        path: the file ``cell.npz``.
        num_throws: the number of throws that ``throw`` may point to.
        num_classes: the number of classes that ``y`` may point to.

    Raises:
        OutputError: the file is damaged, lacks an array, or an index points nowhere.
    """
    arrays = ArrayFile(path)
    if "embedding" not in arrays:
        return None
    events = CellEvents(
        throw=arrays.take("throw", "int", "S"),
        key=arrays.take("key", "int", "S"),
        label=arrays.take("y", "int", "S"),
        embedding=arrays.take("embedding", "float", "S", "D"),
    )
    for key, values, low, size in (
        ("throw", events.throw, 0, num_throws),
        ("y", events.label, -1, num_classes),
    ):
        outside = values[(values < low) | (values >= size)]
        if outside.size:
            arrays.reject(key, f"values from {low} to {size - 1}", f"{outside[0]}")
    return events
