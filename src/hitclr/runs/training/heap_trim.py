"""Giving freed memory back while a model trains."""

from __future__ import annotations

from typing import Any

import lightning as L

from hitclr.heap import resident_bytes, trim_heap

__all__ = ["HeapTrim"]


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
        self._before = resident_bytes()

    def on_train_batch_end(self, *_: Any) -> None:
        """Called by Lightning."""
        if resident_bytes() > self._before + self.growth:
            trim_heap()
            self._before = resident_bytes()

    def on_train_end(self, *_: Any) -> None:
        """Called by Lightning."""
        trim_heap()
