"""Small files that are there as a whole or not at all: text, JSON, numpy arrays."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hitclr.io.disk import writing

__all__ = ["json_text", "whole_file", "write_arrays", "write_json"]


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A file to write into, which gets the name ``path`` when the block has ended without error.

    Until then, and if the block fails, what was there before stays. Processes that write the same
    file at a time do not disturb each other: the last one counts.

    Args:
        path: the file; its folder is made.

    Raises:
        OutputError: the disk is full, the folder is not writable, ...
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield part
            part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def json_text(content: Any) -> str:
    """JSON for people to read, and for git to compare: a row of numbers or words is one line.

    NaN and infinities, which JSON does not have, are null. Bytes of a file's name that are no UTF-8
    (lone surrogates) are escaped, and come back when it is read.

    >>> print(json_text({"rows": [{"a": 1, "b": float("nan")}, {"a": 2, "b": 3}]}), end="")
    {
     "rows": [
      {"a": 1, "b": null},
      {"a": 2, "b": 3}
     ]
    }
    """
    text = _lines(_without_nan(content), "\n") + "\n"
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def write_json(path: Path, content: Any) -> None:
    """Write `json_text` as a whole.

    Raises:
        OutputError: as `whole_file`.
    """
    text = json_text(content)
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8")


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays as a compressed ``.npz`` file, as a whole.

    Raises:
        OutputError: as `whole_file`.
    """
    with whole_file(path) as part, part.open("wb") as stream:
        np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]


def _lines(value: Any, end: str) -> str:
    """JSON of a value whose lines end with ``end``: what holds nothing nested is one line."""
    inner = value.values() if isinstance(value, dict) else value
    if not isinstance(value, (dict, list)) or not any(isinstance(v, (dict, list)) for v in inner):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    further = f"{end} "
    if isinstance(value, list):
        return f"[{further}{f',{further}'.join(_lines(v, further) for v in value)}{end}]"
    items = (f"{json.dumps(k, ensure_ascii=False)}: {_lines(v, further)}" for k, v in value.items())
    return f"{{{further}{f',{further}'.join(items)}{end}}}"


def _without_nan(value: Any) -> Any:
    """The same value with None for every NaN or inf."""
    if isinstance(value, Mapping):
        return {str(key): _without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
