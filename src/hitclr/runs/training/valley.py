"""Where to begin and where to end an average of weights: the valley of the validation loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

__all__ = ["LossValley", "Segment", "joined"]


@dataclass(frozen=True)
class Segment:
    """The mean of the weights over some steps of a training.

    Attributes:
        first: the first epoch of these steps.
        last: the last one.
        steps: how many there are.
        loss: the validation loss after the last.
        state: the mean of each tensor of the model; of what is not floating point, the last value.
    """

    first: int
    last: int
    steps: int
    loss: float
    state: Mapping[str, Tensor]

    def plain(self) -> dict[str, Any]:
        """As it is stored in a checkpoint."""
        return {**vars(self), "state": dict(self.state)}


def joined(earlier: Segment, later: Segment) -> Segment:
    """The mean over the steps of both."""
    share = later.steps / (earlier.steps + later.steps)
    state = {
        name: torch.lerp(earlier.state[name], value, share) if value.is_floating_point() else value
        for name, value in later.state.items()
    }
    return Segment(earlier.first, later.last, earlier.steps + later.steps, later.loss, state)


class LossValley:
    r"""Algorithm 1 of Cha et al. 2021, arXiv:2102.08361 (SWAD), evaluation by evaluation.

    The average begins with evaluation ``t_s``, the first whose loss is not undercut by the
    ``converge - 1`` that follow it. With it comes a threshold, ``tolerance`` times the mean loss of
    these ``converge`` evaluations. When the losses of the last ``overfit`` evaluations are all
    above it, the average ends with the evaluation before these.

    Losses below 0, for which the paper does not say how, have a threshold above their mean, too.

    Args:
        converge: the paper's N_s, 1 or more.
        overfit: the paper's N_e, 1 or more.
        tolerance: the paper's r, 1 or more.

    Attributes:
        threshold: what ends the average; None before it has begun.
        ended: whether it has ended.
    """

    def __init__(self, converge: int, overfit: int, tolerance: float) -> None:
        self.converge = converge
        self.overfit = overfit
        self.tolerance = tolerance
        self.threshold: float | None = None
        self.ended = False
        self._sure: Segment | None = None  # what the average has in any case
        self._recent: list[Segment] = []  # what it may have

    def add(self, segment: Segment) -> None:
        """Take the weights since the last evaluation, and its loss. After the end, nothing is."""
        if self.ended:
            return
        self._recent.append(segment)
        if self.threshold is None:
            del self._recent[: -self.converge]
            losses = [one.loss for one in self._recent]
            if len(losses) == self.converge and losses[0] == min(losses):
                mean = sum(losses) / len(losses)
                self.threshold = mean + (self.tolerance - 1) * abs(mean)
            return
        while len(self._recent) > self.overfit:
            oldest = self._recent.pop(0)
            self._sure = oldest if self._sure is None else joined(self._sure, oldest)
        if self._sure is not None and min(one.loss for one in self._recent) > self.threshold:
            self.ended = True
            self._recent.clear()

    def average(self) -> Segment | None:
        """The average as it is now; None where nothing has been added.

        Before it has begun it is the last segment alone, as in the paper's reference code.
        """
        if self.threshold is None:
            return self._recent[-1] if self._recent else None
        found = self._sure
        for segment in self._recent:
            found = segment if found is None else joined(found, segment)
        return found

    def state_dict(self) -> dict[str, Any]:
        """As it is stored in a checkpoint."""
        return {
            "threshold": self.threshold,
            "ended": self.ended,
            "sure": None if self._sure is None else self._sure.plain(),
            "recent": [segment.plain() for segment in self._recent],
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """From a checkpoint."""
        sure = state_dict["sure"]
        self.threshold, self.ended = state_dict["threshold"], state_dict["ended"]
        self._sure = None if sure is None else Segment(**sure)
        self._recent = [Segment(**one) for one in state_dict["recent"]]
