"""Settings of a detector's parameters: one for a file, or one for each event of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Throw", "Throws"]


@dataclass(frozen=True)
class Throw:
    """One setting of all parameters of a detector.

    Attributes:
        name: its name.
        values: the value of every parameter, in the detector's order and units.
        meaning: what it is for, in a few words.
    """

    name: str
    values: Mapping[str, float]
    meaning: str = ""


@dataclass(frozen=True, eq=False)
class Throws:
    """A setting for each of B events: ``throws["lifetime"]`` is a tensor [B] float32.

    Attributes:
        values: the values of each parameter [B] float32.
        channels: [B] int64, which of the channels are dead and the like: the seed of what differs
            from channel to channel, the same for all events that one detector took.
    """

    values: Mapping[str, Tensor]
    channels: Tensor

    def __getitem__(self, name: str) -> Tensor:
        return self.values[name]

    def to(self, device: torch.device | str) -> Throws:
        """The same on another device."""
        moved = {name: value.to(device) for name, value in self.values.items()}
        return Throws(moved, self.channels.to(device))

    @staticmethod
    def same(throw: Throw, count: int, device: torch.device | str = "cpu") -> Throws:
        """One throw for all of ``count`` events, taken with one set of channels."""
        values = {
            name: torch.full((count,), value, dtype=torch.float32, device=device)
            for name, value in throw.values.items()
        }
        return Throws(values, torch.zeros(count, dtype=torch.int64, device=device))
