"""What a metric is computed from."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ScoredEvents"]


@dataclass(frozen=True, eq=False)
class ScoredEvents:
    """Test events with what a trained model says of them: all of them, or those of one sample.

    A sample is what was recorded, or simulated, under one throw of the detector. Events of unknown
    class are not among them.

    Attributes:
        labels: [M] int64, the true class of each event; at least one event.
        scores: [M, C] float64, the probability of each class.
        embedding: [M, D] float32, what the encoder made of each event.
        seed: what random numbers are drawn from.
    """

    labels: NDArray[np.int64]
    scores: NDArray[np.float64]
    embedding: NDArray[np.float32]
    seed: int

    def __len__(self) -> int:
        return len(self.labels)

    @functools.cached_property
    def predicted(self) -> NDArray[np.int64]:
        """The class of the highest score of each event [M] int64."""
        predicted: NDArray[np.int64] = self.scores.argmax(1)
        return predicted

    @functools.cached_property
    def present(self) -> NDArray[np.int64]:
        """The classes that there are events of, in order [K] int64."""
        return np.unique(self.labels)
