"""Where cells run in no process of their own; that workers end is in tests/cli/test_study.py."""

from __future__ import annotations

import os
import threading

from hitclr.runs.study.owner import end_with


def test_the_process_itself_is_not_watched():
    before = threading.active_count()
    end_with(os.getpid())
    assert threading.active_count() == before
