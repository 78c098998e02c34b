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
    """JSON for people to read: NaN and infinities, which it does not have, are null.

    >>> json_text({"a": float("nan")}).split()
    ['{', '"a":', 'null', '}']
    """
    plain = _without_nan(content)
    return json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


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


def _without_nan(value: Any) -> Any:
    """The same value with None for every NaN or inf."""
    if isinstance(value, Mapping):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
