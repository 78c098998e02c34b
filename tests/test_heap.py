"""Memory that is freed goes back to the system."""

from __future__ import annotations

import numpy as np
import pytest

from hitclr import heap

needs_glibc = pytest.mark.skipif(heap._malloc_trim() is None, reason="the C library is not glibc")


@needs_glibc
def test_freed_memory_goes_back():
    kept = [np.ones(2**13) for _ in range(4000)]  # 64 KiB each, below what is mapped by itself
    before = heap.resident_bytes()
    del kept[::2]  # holes, so that the heap cannot shrink from its end
    heap.trim_heap()
    assert heap.resident_bytes() < before - 60 * 2**20


def test_without_glibc_nothing_happens(monkeypatch):
    monkeypatch.setattr(heap, "_malloc_trim", lambda: None)
    heap.trim_heap()
    assert heap.resident_bytes() == 0
