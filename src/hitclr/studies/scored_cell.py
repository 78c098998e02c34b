"""What one training of a study answered to the test events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ScoredCell"]


@dataclass(frozen=True, eq=False)
class ScoredCell:
    """What one training answered to the test events, M rows: one for each event and throw.

    Attributes:
        method: its line in the comparison.
        domain: what it was trained on.
        target: the throw that it was adapted to; None for none.
        seed: the seed.
        throw: [M] int32, the number of the throw.
        key: [M] int64, the same for one event under all throws.
        y: [M], the class, -1 where it is unknown.
        scores: [M, C], the probabilities.
        embedding: [M, D]; None where it was not kept.
        left_out: the shift that its training showed nothing of; None where nothing was left out.
    """

    method: str
    domain: str
    target: str | None
    seed: int
    throw: NDArray[np.int32]
    key: NDArray[np.int64]
    y: NDArray[np.int8]
    scores: NDArray[np.float32]
    embedding: NDArray[np.floating] | None = None
    left_out: str | None = None

    def of_throw(self, number: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The labels [K] and probabilities [K, C] of the events of known class under a throw."""
        mine = (self.throw == number) & (self.y >= 0)
        return self.y[mine].astype(np.int64), self.scores[mine].astype(np.float64)
