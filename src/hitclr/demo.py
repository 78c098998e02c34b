"""What a plugin brings for ``hitclr demo``: settings on real files, and what to say about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Demo"]


@dataclass(frozen=True)
class Demo:
    """A run that shows hitclr on a detector's files.

    Attributes:
        title: the headline of the report.
        settings: makes the settings of the run, as a settings file would hold them; called only
            when the demo runs, so it may look for files then.
        notes: what a reader of the report must know: where the data come from, how small they
            are, what the numbers can and cannot say.
    """

    title: str
    settings: Callable[[], Mapping[str, Any]]
    notes: tuple[str, ...] = ()
