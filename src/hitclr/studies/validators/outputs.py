"""What a validator is, and what it may look at."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

__all__ = ["Outputs", "Validator"]


@dataclass(frozen=True)
class Outputs:
    """What a method makes of the validation events as they are.

    Attributes:
        validation_loss: the mean loss of the method itself; None where it was not computed.
        source: [S, C] float32, class scores before the softmax of the events of known class; C is 0
            where the method does not classify while it trains.
        labels: [S] int64, their classes.
        target: [T, C] float32, class scores of the events of the target domain.
        truth: [T] int64, their classes, which training does not know; -1 where nobody does.
    """

    validation_loss: float | None
    source: Tensor
    labels: Tensor
    target: Tensor
    truth: Tensor


class Validator(ABC):
    """A score of a model at the end of an epoch, the higher the better.

    Attributes:
        looks_at: ``loss``: it needs validation events alone; ``source``: a method that classifies;
            ``target``: also validation events of a target domain; ``truth``: also their labels.
    """

    looks_at: Literal["loss", "source", "target", "truth"]

    @abstractmethod
    def __call__(self, outputs: Outputs) -> float:
        """The score."""
