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

    What a step takes for itself is not growth: the next would only have to ask for it again.

    Args:
        growth: the bytes by which the process may grow from one step to any later one.
    """

    def __init__(self, growth: int = 2**30) -> None:
        self.growth = growth
        self._before: int | None = None

    def on_train_batch_end(self, *_: Any) -> None:
        """Called by Lightning."""
        resident = resident_bytes()
        if self._before is None:  # the first step, or the first after it was done
            self._before = resident
        elif resident > self._before + self.growth:
            trim_heap()
            self._before = None

    def on_train_end(self, *_: Any) -> None:
        """Called by Lightning."""
        trim_heap()
        self._before = None
