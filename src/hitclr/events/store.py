"""The columnar event store: all hits of all events in a few flat tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from torch import Tensor
from torch_geometric.data import Batch

from hitclr import fields
from hitclr.events.batch import make_batch
from hitclr.events.ragged import counts_from_ptr, gather_index, take_rows

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
        hits = {name: take_rows(column, rows) for name, column in self.hits.items()}
        rest = {name: column.index_select(0, events) for name, column in self.events.items()}
        return make_batch(hits, rest, ptr, self.feature_names)

    def select(self, events: Tensor) -> EventStore:
        """A store of the chosen events, in the order of ``events`` [K] int64."""
        rows, ptr = gather_index(self.ptr, events)
        return replace(
            self,
            hits={name: take_rows(column, rows) for name, column in self.hits.items()},
            events={name: column.index_select(0, events) for name, column in self.events.items()},
            ptr=ptr,
            clusters=None,
        )
