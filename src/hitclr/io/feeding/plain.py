"""Plain data in one canonical form, and its digest."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

from hitclr.errors import SettingsError
from hitclr.io.feeding.event_folder import VERSION

__all__ = ["check_plain", "fingerprint"]


def fingerprint(parts: Mapping[str, Any]) -> str:
    """The digest that an entry of the cache is kept under.

    The same data have the same fingerprint, whatever the order of keys; a tuple is a list, but 1 is
    neither 1.0 nor true. Another version of the cache's format gives other fingerprints.

    Args:
        parts: everything that decides on what is kept: plain data, as `check_plain` says.

    Returns:
        64 hexadecimal digits: the SHA-256 of the canonical JSON.

    Raises:
        SettingsError: a part is not plain data.

    >>> fingerprint({"a": 1, "b": [2]}) == fingerprint({"b": (2,), "a": 1})
    True
    """
    check_plain(parts, "fingerprint")
    content = {"version": VERSION, "parts": parts}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=dict)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def check_plain(value: Any, where: str) -> None:
    """Check that JSON can hold a value without changing its meaning.

    Plain are None, bool, int, float, str, and lists, tuples and mappings of them. Keys are str:
    others would become it. Floats are finite: JSON has no word for the others, and NaN is not even
    equal to itself.

    Args:
        value: the value.
        where: what it is, for the message; keys and places are added to it.

    Raises:
        SettingsError: the value is not plain.
    """
    if isinstance(value, Mapping):
        for key, part in value.items():
            if not isinstance(key, str):
                message = f"{where}: expected keys that are str, got {key!r}"
                raise SettingsError(message)
            check_plain(part, f"{where}.{key}")
    elif isinstance(value, (list, tuple)):
        for place, part in enumerate(value):
            check_plain(part, f"{where}[{place}]")
    elif isinstance(value, float):
        if not math.isfinite(value):
            message = f"{where}: expected a finite number, got {value}; leave it out, or write None"
            raise SettingsError(message)
    elif value is not None and not isinstance(value, (bool, int, str)):
        message = (
            f"{where}: expected plain data (None, bool, int, float, str, list, mapping), got "
            f"{type(value).__name__}; turn it into one of these"
        )
        raise SettingsError(message)
