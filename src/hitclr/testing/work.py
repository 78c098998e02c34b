"""Counting the work that Python does, to find loops over events without a clock."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

__all__ = ["FEW", "MANY", "loop_fault"]

FEW, MANY = (64, 32), (1024, 2)
"""Two batches with the same number of hits: how many events, and how many hits in each.

The fewer ones are enough for all that is done to some of the events only to be done in both."""


def loop_fault(run: Callable[[int, int], Callable[[], object]]) -> str | None:
    """Whether something takes a step of Python for each event, in words, or None.

    What is counted are executed lines of Python, in whatever module. They do not depend on the
    machine. A loop over events runs at least one line for each, while the branches that other
    values make some function take are some dozens of lines in all.

    Args:
        run: makes what is to be done for so many events of so many hits each.
    """
    few, many = (_lines_run(run(*sizes)) for sizes in (FEW, MANY))
    added = MANY[0] - FEW[0]
    if many - few < added / 2:
        return None
    return (
        f"for {FEW[0]} events of {FEW[1]} hits it runs {few} lines of Python, for {MANY[0]} events "
        f"of {MANY[1]} hits {many}: {(many - few) / added:.1f} more for each event. Work on whole "
        f"columns, with ptr and batch (torch_geometric.utils.scatter, segment)"
    )


def _lines_run(call: Callable[[], object]) -> int:
    """How many lines of Python a call runs, once all that it imports is there."""
    call()
    lines = 0

    def trace(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return lines
