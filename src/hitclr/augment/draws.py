"""What an augmentation drew, kept so that a view can be replayed exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from hitclr.events import gather_index

__all__ = ["ACTIVE", "Draws"]

ACTIVE = "active"
"""The event-level parameter that says which events the augmentation acts on, [B] bool."""


@dataclass(frozen=True, eq=False)
class Draws:
    """The drawn parameters of one augmentation for one batch.

    All randomness of a view is in here; applying the same draws to the same batch gives the same
    view, bit for bit.

    Attributes:
        ptr: [B+1] int64, the offsets of the hits in the batch that these were drawn for.
        event: parameters per event [B, ...].
        hit: parameters per hit of that batch [N, ...].
        added: parameters per hit to be added [M, ...].
        added_ptr: [B+1] int64, the offsets of the events in ``added``.
        children: the draws of the parts of a composed augmentation, each for the batch that the
            part before it made, or for some of its events.
        events: [K] int64, rising, the events of that batch that a child was drawn for; None for
            all.
    """

    ptr: Tensor
    event: Mapping[str, Tensor] = field(default_factory=dict)
    hit: Mapping[str, Tensor] = field(default_factory=dict)
    added: Mapping[str, Tensor] = field(default_factory=dict)
    added_ptr: Tensor | None = None
    children: tuple[Draws, ...] = ()
    events: Tensor | None = None

    @property
    def active(self) -> Tensor:
        """Which events the augmentation acts on [B] bool."""
        return self.event[ACTIVE]

    def select(self, events: Tensor) -> Draws:
        """The draws of some events [K] int64, for a batch of just those, in that order."""
        rows, ptr = gather_index(self.ptr, events)
        added, added_ptr = self.added, self.added_ptr
        if added_ptr is not None:
            new_rows, added_ptr = gather_index(added_ptr, events)
            added = {name: value[new_rows] for name, value in self.added.items()}
        return Draws(
            ptr=ptr,
            event={name: value[events] for name, value in self.event.items()},
            hit={name: value[rows] for name, value in self.hit.items()},
            added=added,
            added_ptr=added_ptr,
            children=tuple(child._of(events) for child in self.children),
        )

    def _of(self, events: Tensor) -> Draws:
        """The draws of a child for some events [K] int64 of its parent's batch."""
        if self.events is None:
            return self.select(events)
        place = torch.searchsorted(self.events, events)
        there = place < self.events.numel()
        there[there.clone()] = self.events[place[there]] == events[there]
        return replace(self.select(place[there]), events=there.nonzero()[:, 0])

    def to(self, device: torch.device | str) -> Draws:
        """The same draws on another device."""
        return Draws(
            ptr=self.ptr.to(device),
            event={name: value.to(device) for name, value in self.event.items()},
            hit={name: value.to(device) for name, value in self.hit.items()},
            added={name: value.to(device) for name, value in self.added.items()},
            added_ptr=None if self.added_ptr is None else self.added_ptr.to(device),
            children=tuple(child.to(device) for child in self.children),
            events=None if self.events is None else self.events.to(device),
        )
