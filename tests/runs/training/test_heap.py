"""Memory that is freed goes back to the system."""

from __future__ import annotations

import numpy as np
import pytest

from hitclr.runs.training import heap

needs_glibc = pytest.mark.skipif(heap._malloc_trim() is None, reason="the C library is not glibc")


@needs_glibc
def test_freed_memory_goes_back():
    kept = [np.ones(2**13) for _ in range(4000)]  # 64 KiB each, below what is mapped by itself
    before = heap._resident()
    del kept[::2]  # holes, so that the heap cannot shrink from its end
    heap.trim_heap()
    assert heap._resident() < before - 60 * 2**20


def test_it_is_done_when_the_process_has_grown(monkeypatch):
    sizes = iter([100, 105, 111, 103, 112, 114, 104])
    done = []
    monkeypatch.setattr(heap, "_resident", lambda: next(sizes))
    monkeypatch.setattr(heap, "trim_heap", lambda: done.append(True))
    callback = heap.HeapTrim(10)
    callback.on_train_start()
    callback.on_train_batch_end()
    assert not done
    callback.on_train_batch_end()  # 111, then 103 when done
    assert len(done) == 1
    callback.on_train_batch_end()  # 112 is not 10 more than 103
    assert len(done) == 1
    callback.on_train_batch_end()
    assert len(done) == 2
    callback.on_train_end()
    assert len(done) == 3


def test_without_glibc_nothing_happens(monkeypatch):
    monkeypatch.setattr(heap, "_malloc_trim", lambda: None)
    callback = heap.HeapTrim(0)
    callback.on_train_start()
    callback.on_train_batch_end()
    callback.on_train_end()
    assert heap._resident() == 0
