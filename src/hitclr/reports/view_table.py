"""The file ``views.npz``: one event and its two views."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hitclr.reports.array_file import ArrayFile

__all__ = ["Hits", "ViewTable", "load_views"]


@dataclass(frozen=True)
class Hits:
    """The hits of one event: ``pos`` [n, 3] and ``x`` [n, F], both float64."""

    pos: NDArray[np.float64]
    x: NDArray[np.float64]


@dataclass(frozen=True)
class ViewTable:
    """One event and its two views.

    Attributes:
        event: the event as it was read.
        first: its first view.
        second: its second view.
        feature_names: [F] the names of the columns of ``x``.
        feature_units: [F] their units; empty strings where there are none.
        event_id: file index and entry.
        colour: the feature to colour by; empty for none.
        steps: the view recipe, line by line.
    """

    event: Hits
    first: Hits
    second: Hits
    feature_names: tuple[str, ...]
    feature_units: tuple[str, ...]
    event_id: tuple[int, int]
    colour: str
    steps: tuple[str, ...]


def load_views(path: Path) -> ViewTable:
    """Read ``views.npz``.

    Args:
        path: the file.

    Raises:
        OutputError: the file or one of its keys is missing, the shapes do not fit together, or
            the feature to colour by is not one of the features.
    """
    arrays = ArrayFile(path)
    names = tuple(arrays.take("feature_names", "text", "F").tolist())

    def hits(prefix: str) -> Hits:
        size = f"hits of {prefix}"
        return Hits(
            pos=arrays.take(f"{prefix}_pos", "float", size, 3),
            x=arrays.take(f"{prefix}_x", "float", size, "F"),
        )

    file, entry = arrays.take("event_id", "int", 2).tolist()
    table = ViewTable(
        event=hits("event"),
        first=hits("first"),
        second=hits("second"),
        feature_names=names,
        feature_units=tuple(arrays.take("feature_units", "text", "F").tolist()),
        event_id=(file, entry),
        colour=str(arrays.take("colour", "text")),
        steps=tuple(arrays.take("steps", "text", "S").tolist()),
    )
    if table.colour and table.colour not in names:
        arrays.reject("colour", f"one of the features {list(names)}", repr(table.colour))
    return table
