"""What a check found in single files, and what is wrong there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

__all__ = ["FaultCheck", "FileCheck"]


@dataclass(frozen=True)
class FileCheck:
    """One file.

    Attributes:
        index: its place among the files.
        file: its name.
        total: the entries in the tree; 0 where the file cannot be read.
        stop: the entry up to which they were read; before the last when the check broke off.
        events: how many became events.
        unselected: how many the schema leaves out on purpose.
        faults: ``{reason: entries}`` of those at fault.
        error: why the file cannot be read, with what to do; empty where it can.
        reason: the same in two or three words.
    """

    index: int
    file: str
    total: int = 0
    stop: int = 0
    events: int = 0
    unselected: int = 0
    faults: Mapping[str, int] = field(default_factory=dict)
    error: str = ""
    reason: str = ""

    @property
    def entries(self) -> int:
        """How many entries were checked."""
        return self.events + self.unselected + sum(self.faults.values())

    @property
    def good(self) -> bool:
        """Whether the file was read to its end, without a fault."""
        return not (self.error or self.faults) and self.stop == self.total

    def __add__(self, more: FileCheck) -> FileCheck:
        """This and further entries of the same file."""
        return replace(
            self,
            stop=more.stop,
            events=self.events + more.events,
            unselected=self.unselected + more.unselected,
            faults=dict(Counter(self.faults) + Counter(more.faults)),
        )


@dataclass(frozen=True)
class FaultCheck:
    """One thing that is wrong with some entries or files, and the first of them.

    Attributes:
        unit: whether it is wrong with single entries or with whole files.
        reason: what, in two or three words.
        count: how many entries or files.
        file: the first one's file.
        branch: the first one's branch, where the fault lies in one.
        entry: the first such entry in that file; None for a file.
        message: what was expected there, what came, where, and what to do.
    """

    unit: Literal["entry", "file"]
    reason: str
    count: int
    file: str
    branch: str | None
    entry: int | None
    message: str
