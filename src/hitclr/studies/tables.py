"""The result tables of a run: what reports are made from.

``results.json`` has the scores and counts, ``events.npz`` one row per event, ``views.npz`` one
event with two of its views.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from hitclr.io.whole_file import write_arrays, write_json

__all__ = ["EVENTS_FILE", "RESULTS_FILE", "VIEWS_FILE", "write_tables"]

RESULTS_FILE = "results.json"
EVENTS_FILE = "events.npz"
VIEWS_FILE = "views.npz"


def write_tables(
    directory: Path,
    results: Mapping[str, Any],
    events: Mapping[str, NDArray[Any]],
    views: Mapping[str, NDArray[Any]],
) -> None:
    """Write the tables, each atomically.

    Raises:
        OutputError: the disk is full or the folder is not writable.
    """
    write_json(directory / RESULTS_FILE, results)
    for name, arrays in ((EVENTS_FILE, events), (VIEWS_FILE, views)):
        write_arrays(directory / name, arrays)
