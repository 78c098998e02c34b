"""True energy deposits: what particles leave in the material, before any detector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from typing_extensions import Self

from hitclr.events import batch_from_ptr, counts_from_ptr, gather_index

__all__ = ["Deposits"]


@dataclass(frozen=True, eq=False)
class Deposits:
    """The deposits of B events, laid end to end.

    Attributes:
        ptr: [B+1] int64, the offsets of the events.
        pos: [M, 3] float32, where, in cm.
        energy: [M] float32, how much, in MeV.
        length: [M] float32, the length of the track piece that left it, in cm; 0 where the energy
            was left in one point.
        time: [M] float32, when, in ns after the event's start.
        truth: event columns [B]: ``event`` int64, the id that all simulations of one event share;
            ``pdg`` int64; ``energy`` float32, the kinetic energy in MeV; ``vertex_x``, ... in cm;
            ``direction_x``, ...
    """

    ptr: Tensor
    pos: Tensor
    energy: Tensor
    length: Tensor
    time: Tensor
    truth: Mapping[str, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.ptr.numel() - 1

    @property
    def device(self) -> torch.device:
        """The device of all tensors."""
        return self.ptr.device

    @property
    def event(self) -> Tensor:
        """The place in the batch, 0 to B-1, of each deposit's event: [M] int64."""
        return batch_from_ptr(self.ptr)

    def deposits_per_event(self) -> Tensor:
        """The number of deposits of each event [B] int64."""
        return counts_from_ptr(self.ptr)

    def total_energy(self) -> Tensor:
        """The energy that each event left [B] float64, in MeV."""
        total = torch.zeros(len(self), dtype=torch.float64, device=self.device)
        return total.index_add_(0, self.event, self.energy.double())

    def select(self, events: Tensor) -> Deposits:
        """The deposits of the chosen events, in the order of ``events`` [K] int64."""
        rows, ptr = gather_index(self.ptr, events)
        return Deposits(
            ptr,
            self.pos.index_select(0, rows),
            self.energy.index_select(0, rows),
            self.length.index_select(0, rows),
            self.time.index_select(0, rows),
            {name: column.index_select(0, events) for name, column in self.truth.items()},
        )

    def to(self, device: torch.device | str) -> Self:
        """The same on another device."""
        return type(self)(
            self.ptr.to(device),
            self.pos.to(device),
            self.energy.to(device),
            self.length.to(device),
            self.time.to(device),
            {name: column.to(device) for name, column in self.truth.items()},
        )

    @staticmethod
    def concat(parts: Sequence[Deposits]) -> Deposits:
        """The events of all, in order.

        Raises:
            ValueError: no part was given, or their truth columns differ.
        """
        if not parts:
            message = "expected at least one part to join, got none"
            raise ValueError(message)
        names = parts[0].truth.keys()
        if any(part.truth.keys() != names for part in parts):
            message = "deposits with different truth columns cannot be joined"
            raise ValueError(message)
        counts = torch.cat([part.deposits_per_event() for part in parts])
        ptr = torch.zeros(counts.numel() + 1, dtype=torch.int64, device=counts.device)
        torch.cumsum(counts, 0, out=ptr[1:])
        return Deposits(
            ptr,
            torch.cat([part.pos for part in parts]),
            torch.cat([part.energy for part in parts]),
            torch.cat([part.length for part in parts]),
            torch.cat([part.time for part in parts]),
            {name: torch.cat([part.truth[name] for part in parts]) for name in names},
        )
