"""Giving freed memory back to the system, and how much the process has."""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path

__all__ = ["resident_bytes", "trim_heap"]

_STATM = Path("/proc/self/statm")


def trim_heap() -> None:
    """Give all memory that is freed back to the system, as far as the C library can."""
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


def resident_bytes() -> int:
    """The memory of this process in bytes; 0 where `trim_heap` does nothing."""
    if _malloc_trim() is None:
        return 0
    return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


@functools.cache
def _malloc_trim() -> Callable[[int], int] | None:
    """The function of glibc; None where the C library has none."""
    if sys.platform != "linux":
        return None
    found: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return found
