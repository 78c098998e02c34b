"""What happens on bad input: raise, or skip and count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Literal

from hitclr.errors import InputError

__all__ = ["SKIP_IT", "BadInput", "Policy", "Reason"]

Policy = Literal["raise", "skip"]


SKIP_IT = "skip and count it (on_bad_input: skip in the settings, --on-bad-input skip for embed)"
"""The advice that ends most messages about bad input."""


class Reason(str, Enum):
    """Why a file or an event is left out.

    ``DESELECTED`` is no fault: the schema's ``select`` leaves the event out. It is never raised.
    """

    MISSING_FILE = "missing file"
    NOT_ROOT = "not a ROOT file"
    DAMAGED_FILE = "damaged file"
    MISSING_TREE = "missing tree"
    MISSING_BRANCH = "missing branch"
    WRONG_TYPE = "wrong type"
    NO_ENTRIES = "no entries"
    UNEQUAL_LENGTHS = "unequal lengths"
    NO_HITS = "no hits"
    NOT_SELECTED = "no selected hits"
    NOT_FINITE = "not finite"
    ZERO_POSITIONS = "all positions zero"
    UNKNOWN_LABEL = "unknown label"
    NO_KEY = "no event key"
    DESELECTED = "deselected"
    TOO_MANY_HITS = "too many hits"
    DUPLICATE_KEY = "duplicate event key"
    NOT_CONTIGUOUS = "hits apart"
    NOT_CONSTANT = "differs within the event"
    NOT_IN_TABLE = "not in the table"

    def __str__(self) -> str:
        return self.value

    @property
    def of_file(self) -> bool:
        """Whether a whole file is left out for it."""
        return self in _OF_FILES

    @property
    def code(self) -> int:
        """A small positive number for the reason, as written beside skipped entries.

        The numbers are in users' files: a new reason gets a new one, none is used again.
        """
        return _CODES[self]


_OF_FILES = frozenset(
    {
        Reason.MISSING_FILE,
        Reason.NOT_ROOT,
        Reason.DAMAGED_FILE,
        Reason.MISSING_TREE,
        Reason.MISSING_BRANCH,
        Reason.WRONG_TYPE,
        Reason.NO_ENTRIES,
        Reason.NOT_CONTIGUOUS,
    }
)

_CODES = {
    Reason.MISSING_FILE: 1,
    Reason.NOT_ROOT: 2,
    Reason.DAMAGED_FILE: 3,
    Reason.MISSING_TREE: 4,
    Reason.MISSING_BRANCH: 5,
    Reason.WRONG_TYPE: 6,
    Reason.NO_ENTRIES: 7,
    Reason.UNEQUAL_LENGTHS: 8,
    Reason.NO_HITS: 9,
    Reason.NOT_SELECTED: 10,
    Reason.NOT_FINITE: 11,
    Reason.ZERO_POSITIONS: 12,
    Reason.UNKNOWN_LABEL: 13,
    Reason.NO_KEY: 14,
    Reason.DESELECTED: 15,
    Reason.TOO_MANY_HITS: 16,
    Reason.DUPLICATE_KEY: 17,
    Reason.NOT_CONTIGUOUS: 18,
    Reason.NOT_CONSTANT: 19,
    Reason.NOT_IN_TABLE: 20,
}


class BadInput:
    """The bad-input policy of one run, and what it has skipped.

    Args:
        policy: ``raise`` stops at the first fault; ``skip`` leaves the file or event out and
            counts it.
    """

    def __init__(self, policy: Policy = "raise") -> None:
        self.policy = policy
        self._counts: Counter[tuple[str, str, str, str]] = Counter()

    def refuse(
        self,
        error: InputError,
        *,
        sample: str,
        label: str = "",
        unit: Literal["file", "event"],
        count: int = 1,
    ) -> None:
        """Raise ``error``, or count ``count`` files or events as skipped.

        Args:
            error: the fault; its ``reason`` is the one counted.
            sample: the sample that the input belongs to.
            label: the class, where it is known.
            unit: what was skipped.
            count: how many.

        Raises:
            InputError: the policy is ``raise``.
        """
        if self.policy == "raise":
            raise error
        self._counts[unit, str(error.reason), sample, label] += count

    def add(self, other: BadInput) -> None:
        """Count what ``other`` has skipped, too."""
        self._counts.update(other._counts)

    def restore(self, rows: Iterable[Mapping[str, str | int]]) -> None:
        """Count what a `table` says, too."""
        for row in rows:
            place = (str(row["unit"]), str(row["reason"]), str(row["sample"]), str(row["class"]))
            self._counts[place] += int(row["count"])

    def table(self) -> list[dict[str, str | int]]:
        """What was skipped: rows of unit, reason, sample, class and count."""
        return [
            {"unit": unit, "reason": reason, "sample": sample, "class": label, "count": count}
            for (unit, reason, sample, label), count in sorted(self._counts.items())
        ]
