"""Which entries of a chunk are at fault."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hitclr.errors import InputError
from hitclr.io.policy import SKIP_IT, Reason
from hitclr.io.reading.columns import Source

__all__ = ["Fault", "Verdicts"]

_SKIP = f"mend the file, or {SKIP_IT}"


@dataclass(frozen=True)
class Fault:
    """What is wrong with some events of a chunk.

    Attributes:
        reason: what.
        error: the error for the first such event, ready to be raised.
    """

    reason: Reason
    error: InputError


class Verdicts:
    """Which events of a chunk are at fault, the first reason for each, and an error for it.

    Args:
        source: where the events come from.
        number: how many they are, n.

    Attributes:
        codes: [n] int8, 0 or `Reason.code`.
        faults: one for each reason, but for deselected events, which are no fault.
    """

    def __init__(self, source: Source, number: int) -> None:
        self.source = source
        self.codes: NDArray[np.int8] = np.zeros(number, dtype=np.int8)
        self.faults: list[Fault] = []

    @property
    def good(self) -> NDArray[np.bool_]:
        """The events [n] that nothing is said against."""
        good: NDArray[np.bool_] = self.codes == 0
        return good

    def deselect(self, out: NDArray[np.bool_]) -> None:
        """Leave the events [n] out that the schema does not want."""
        self.codes[out & self.good] = Reason.DESELECTED.code

    def blame(
        self,
        bad: NDArray[np.bool_],
        reason: Reason,
        what: str,
        *,
        branch: str | None = None,
        advice: str = _SKIP,
    ) -> None:
        """Mark the events [n] that are ``bad`` and not yet marked."""
        bad = bad & self.good
        if not bad.any():
            return
        self.codes[bad] = reason.code
        if all(fault.reason != reason for fault in self.faults):
            number = int(bad.sum())
            more = f" ({number} such entries among the {len(bad)} looked at)" if number > 1 else ""
            error = self.source.error(
                what + more,
                reason,
                branch=branch,
                entry=int(self.source.entries[np.flatnonzero(bad)[0]]),
                advice=advice,
            )
            self.faults.append(Fault(reason, error))
