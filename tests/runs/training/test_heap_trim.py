"""Freed memory is given back when the process has grown, not at each step."""

from __future__ import annotations

from hitclr.runs.training import heap_trim


def test_it_is_done_when_the_process_has_grown(monkeypatch):
    sizes = iter([100, 105, 111, 103, 112, 114, 104])
    done = []
    monkeypatch.setattr(heap_trim, "resident_bytes", lambda: next(sizes))
    monkeypatch.setattr(heap_trim, "trim_heap", lambda: done.append(True))
    callback = heap_trim.HeapTrim(10)
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
