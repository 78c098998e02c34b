"""Freed memory is given back when the process has grown, not at each step."""

from __future__ import annotations

from hitclr.runs.training import heap_trim


def test_it_is_done_when_the_process_has_grown(monkeypatch):
    sizes = iter([105, 111, 116, 112, 121, 123])
    done = []
    monkeypatch.setattr(heap_trim, "resident_bytes", lambda: next(sizes))
    monkeypatch.setattr(heap_trim, "trim_heap", lambda: done.append(True))
    callback = heap_trim.HeapTrim(10)
    callback.on_train_batch_end()  # 105, what a step takes
    callback.on_train_batch_end()
    assert not done
    callback.on_train_batch_end()  # 116 is more than 10 above it
    assert len(done) == 1
    callback.on_train_batch_end()  # 112: what the next step took for itself is no growth
    callback.on_train_batch_end()
    assert len(done) == 1
    callback.on_train_batch_end()
    assert len(done) == 2
    callback.on_train_end()
    assert len(done) == 3
