"""The result tables of a run: what reports are made from.

``results.json`` has the scores and counts, ``events.npz`` one row per event, ``views.npz`` one
event with two of its views.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hitclr.errors import OutputError

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
    try:
        directory.mkdir(parents=True, exist_ok=True)
        text = json.dumps(_without_nan(results), indent=2, ensure_ascii=False, allow_nan=False)
        part = directory / f".{RESULTS_FILE}.part"
        part.write_text(text + "\n", encoding="utf-8")
        part.replace(directory / RESULTS_FILE)
        for name, arrays in ((EVENTS_FILE, events), (VIEWS_FILE, views)):
            part = directory / f".{name}.part"
            with part.open("wb") as stream:
                np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
            part.replace(directory / name)
    except OSError as error:
        message = f"cannot write the results into {directory}: {error.strerror or error}"
        raise OutputError(message) from error


def _without_nan(value: Any) -> Any:
    """The same value with None for every NaN or inf, which JSON does not have."""
    if isinstance(value, Mapping):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
