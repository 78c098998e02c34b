"""The columnar event store: all hits of all events in a few flat tensors."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Batch

from hitclr import fields
from hitclr.events.batch import make_batch
from hitclr.events.ragged import counts_from_ptr, gather_index

__all__ = ["EventStore"]


@dataclass(frozen=True, eq=False)
class EventStore:
    """Events as flat columns, from which any set of events becomes a batch in one go.

    Attributes:
        hits: hit-level columns [N, ...]: ``pos`` [N, 3] float32, ``x`` [N, F] float32, and any
            ``hit_*``.
        events: event-level columns [B, ...]: ``y`` [B] int64, ``event_id`` [B, 2] int64,
            ``domain`` [B] int64, and the observers.
        ptr: [B+1] int64, the offsets of the events in the hit columns.
        feature_names: [F] names of the columns of ``x``.
        feature_units: [F] their units; empty strings where there are none.
        position_unit: the unit of ``pos``.
        class_names: the class of each value of ``y``.
        domain_names: the sample or throw of each value of ``domain``.
        files: the file of each first component of ``event_id``.
        clusters: [C+1] int64, offsets of events: those between two were stored together in a file.
            None where that is not known, as after a selection.
    """

    hits: Mapping[str, Tensor]
    events: Mapping[str, Tensor]
    ptr: Tensor
    feature_names: tuple[str, ...]
    feature_units: tuple[str, ...] = ()
    position_unit: str = ""
    class_names: tuple[str, ...] = ()
    domain_names: tuple[str, ...] = ()
    files: tuple[str, ...] = field(default=(), repr=False)
    clusters: Tensor | None = None

    def __len__(self) -> int:
        return self.ptr.numel() - 1

    @property
    def num_hits(self) -> int:
        """The number of hits in all events together."""
        return int(self.ptr[-1])

    @property
    def labels(self) -> Tensor:
        """The class of each event [B] int64, -1 where unknown."""
        return self.events[fields.LABEL]

    def hits_per_event(self) -> Tensor:
        """The number of hits of each event [B] int64."""
        return counts_from_ptr(self.ptr)

    def batch(self, events: Tensor) -> Batch:
        """The batch of the chosen events, in the order of ``events`` [K] int64.

        The tensors are copies: changing the batch does not change the store.
        """
        rows, ptr = gather_index(self.ptr, events)
        hits = {name: column.index_select(0, rows) for name, column in self.hits.items()}
        rest = {name: column.index_select(0, events) for name, column in self.events.items()}
        return make_batch(hits, rest, ptr, self.feature_names)

    def select(self, events: Tensor) -> EventStore:
        """A store of the chosen events, in the order of ``events`` [K] int64."""
        rows, ptr = gather_index(self.ptr, events)
        return replace(
            self,
            hits={name: column.index_select(0, rows) for name, column in self.hits.items()},
            events={name: column.index_select(0, events) for name, column in self.events.items()},
            ptr=ptr,
            clusters=None,
        )

    @staticmethod
    def concat(stores: Sequence[EventStore], *, release: bool = False) -> EventStore:
        """One store with the events of all, in order.

        All must have the same columns and features; the other names are those of the first.

        Args:
            stores: the stores.
            release: whether the columns of the stores, which are of no use then, are given free one
                after the other, so that memory holds all but one column once.

        Raises:
            ValueError: no store was given, or their columns or features differ.
        """
        if not stores:
            message = "expected at least one store to join, got none"
            raise ValueError(message)
        first = stores[0]
        for other in stores[1:]:
            if set(other.hits) != set(first.hits) or set(other.events) != set(first.events):
                message = (
                    f"stores with different columns cannot be joined: "
                    f"{sorted([*first.hits, *first.events])} and "
                    f"{sorted([*other.hits, *other.events])}"
                )
                raise ValueError(message)
            if other.feature_names != first.feature_names:
                message = (
                    f"stores with different features cannot be joined: "
                    f"{list(first.feature_names)} and {list(other.feature_names)}"
                )
                raise ValueError(message)
        if len(stores) == 1:
            return first
        starts = _offsets([store.num_hits for store in stores])
        ptr = [store.ptr[1:] + start for store, start in zip(stores, starts[:-1], strict=True)]
        ends = _offsets([len(store) for store in stores])
        borders = [
            torch.tensor([0, len(store)]) if store.clusters is None else store.clusters
            for store in stores
        ]
        clusters = [border[1:] + end for border, end in zip(borders, ends[:-1], strict=True)]
        zero = torch.zeros(1, dtype=torch.int64)

        def join(columns: list[dict[str, Tensor]], name: str) -> Tensor:
            # By numpy, which asks for large pages where torch does not.
            parts = [(part.pop(name) if release else part[name]).numpy() for part in columns]
            return torch.from_numpy(np.concatenate(parts))

        hits, events = [dict(store.hits) for store in stores], [dict(s.events) for s in stores]
        names = list(first.hits), list(first.events)
        if release:
            for store in stores:
                object.__setattr__(store, "hits", {})
                object.__setattr__(store, "events", {})
        return replace(
            first,
            hits={name: join(hits, name) for name in names[0]},
            events={name: join(events, name) for name in names[1]},
            ptr=torch.cat([zero, *ptr]),
            clusters=torch.cat([zero, *clusters]),
        )


def _offsets(sizes: Sequence[int]) -> list[int]:
    """Where each of several parts begins when they are laid end to end, and where the last ends."""
    return list(itertools.accumulate(sizes, initial=0))
