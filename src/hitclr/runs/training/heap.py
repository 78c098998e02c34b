"""Giving freed memory back to the system."""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning as L

__all__ = ["HeapTrim", "trim_heap"]

_STATM = Path("/proc/self/statm")


class HeapTrim(L.Callback):
    """Gives freed memory back when the process has grown while it trains.

    Steps have different numbers of hits, so each allocates tensors of other sizes than the one
    before. glibc before 2.38 finds no use for most of what aligned tensors leave behind (its bug
    14581): a training on the CPU then grows by gigabytes of which nearly nothing is in use. Where
    the C library is another, this does nothing.

    Args:
        growth: the bytes by which the process may grow before it is done again.
    """

    def __init__(self, growth: int = 2**30) -> None:
        self.growth = growth
        self._before = 0

    def on_train_start(self, *_: Any) -> None:
        """Called by Lightning."""
        self._before = _resident()

    def on_train_batch_end(self, *_: Any) -> None:
        """Called by Lightning."""
        if _resident() > self._before + self.growth:
            trim_heap()
            self._before = _resident()

    def on_train_end(self, *_: Any) -> None:
        """Called by Lightning."""
        trim_heap()


def trim_heap() -> None:
    """Give all memory that is freed back to the system, as far as the C library can."""
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@functools.cache
def _malloc_trim() -> Callable[[int], int] | None:
    """The function of glibc; None where the C library has none."""
    if sys.platform != "linux":
        return None
    found: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return found


def _resident() -> int:
    """The memory of this process in bytes; 0 where it is not trimmed anyway."""
    if _malloc_trim() is None:
        return 0
    return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
