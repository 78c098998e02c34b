"""Where the energy of a shower went: deposits, and what is not seen."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from hitclr.detectors.deposits import Deposits
from hitclr.detectors.gun.particles import Particles

__all__ = ["UNSEEN", "Account"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

UNSEEN = ("neutrino", "neutron", "bound")
"""What does not ionise: neutrinos; neutrons that were given up; binding energy of nuclei, what
stays in them, and electron masses."""


class Account:
    """Collects deposits and books what is not seen, event by event.

    Args:
        events: the number of events.
    """

    def __init__(self, events: int) -> None:
        self.events = events
        self.unseen: dict[str, Floats] = {name: np.zeros(events) for name in UNSEEN}
        self._parts: list[tuple[Ints, Floats, Floats, Floats, Floats]] = []

    def leave(self, event: Ints, pos: Floats, energy: Floats, length: Floats, time: Floats) -> None:
        """Leave deposits: [N] rows of events, [N, 3] cm, [N] MeV, [N] cm, [N] ns."""
        self._parts.append((event, pos, energy, length, time))

    def leave_here(self, particles: Particles, energy: Floats, length: Floats | float) -> None:
        """Leave energy [N] in MeV where the particles are."""
        lengths = np.broadcast_to(np.asarray(length, dtype=np.float64), energy.shape)
        self.leave(particles.event, particles.pos, energy, lengths, particles.time)

    def book(self, name: str, event: Ints, energy: Floats | float) -> None:
        """Book energy [N] in MeV that is not seen, under a name of `UNSEEN`."""
        amount = np.broadcast_to(np.asarray(energy, dtype=np.float64), event.shape)
        self.unseen[name] += np.bincount(event, weights=amount, minlength=self.events)

    def deposits(self, truth: Mapping[str, torch.Tensor]) -> Deposits:
        """All deposits, event by event, in the order in which they were left."""
        if self._parts:
            event, pos, energy, length, time = (
                np.concatenate(column) for column in zip(*self._parts, strict=True)
            )
        else:
            event, pos = np.zeros(0, np.int64), np.zeros((0, 3))
            energy = length = time = np.zeros(0)
        some = energy > 0
        order = np.flatnonzero(some)[np.argsort(event[some], kind="stable")]
        counts = np.bincount(event[order], minlength=self.events)
        ptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        pos, energy, length, time = (
            column[order].astype(np.float32) for column in (pos, energy, length, time)
        )
        return Deposits(
            torch.from_numpy(ptr),
            torch.from_numpy(pos),
            torch.from_numpy(energy),
            torch.from_numpy(length),
            torch.from_numpy(time),
            truth,
        )
