"""One chunk of events of a tree, read, checked and flattened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hitclr import fields
from hitclr.io.layouts import EventTree
from hitclr.io.reading.columns import Numbers, Source, list_parts, offsets_of
from hitclr.io.reading.event_columns import (
    SeenKeys,
    axis_of,
    keys_of,
    labels_of,
    observers_of,
    weights_of,
)
from hitclr.io.reading.hits import Hits, hit_columns, judge_hits, read_hits
from hitclr.io.reading.table import Table
from hitclr.io.reading.verdicts import Fault, Verdicts
from hitclr.io.reading.wanted import Wanted
from hitclr.io.schema import Expression, LabelRule, Schema

__all__ = ["Chunk", "JudgedEvents", "judge_events", "read_chunk"]


@dataclass(frozen=True)
class Chunk:
    """The good events among some consecutive ones of a tree.

    Events are numbered as they come in the tree: by entry where an entry is an event, in the order
    of their first hits where an entry is a hit.

    Attributes:
        start: the first event.
        stop: the event after the last.
        total: the number of events in the tree.
        entries: [B] int64, the numbers of the good events.
        codes: [stop - start] int8, 0 for those, else `Reason.code`.
        labels: [stop - start] int64, the class of every event, -1 where unknown.
        hits: hit columns [N, ...].
        events: event columns [B, ...]: the label, the key, the axis, the weight and the observers.
        ptr: [B+1] int64.
        faults: what is wrong with the others, one for each reason.
        clusters: int64, the events between ``start`` and ``stop`` that begin a cluster of the tree.
        first_entries: [stop - start] int64, for every event the entry of the tree that it begins
            with.
        groups: in a flat tree the grouping columns, for every event the value [stop - start] that
            its hits share.
    """

    start: int
    stop: int
    total: int
    entries: NDArray[np.int64]
    codes: NDArray[np.int8]
    labels: NDArray[np.int64]
    hits: Mapping[str, Numbers]
    events: Mapping[str, Numbers]
    ptr: NDArray[np.int64]
    faults: tuple[Fault, ...]
    clusters: NDArray[np.int64]
    first_entries: NDArray[np.int64]
    groups: Mapping[str, Numbers]


@dataclass(frozen=True)
class JudgedEvents:
    """Some consecutive events of a tree, judged but for their keys; `finish` makes the chunk."""

    tree: EventTree
    schema: Schema
    start: int
    stop: int
    table: Table
    hits: Hits
    labels: NDArray[np.int64]
    events: Mapping[str, Numbers | None]

    def finish(self, seen: SeenKeys | None = None) -> Chunk:
        """Take the good events.

        Args:
            seen: the keys of the events of the file before these; None to let them come twice.
        """
        # Last: an event that is out anyway keeps no other out.
        keys = keys_of(self.schema, self.table, seen)
        verdicts = self.table.verdicts
        good = verdicts.good
        made = {**self.events, fields.KEY: keys}
        kept = self.hits.of(good)
        clusters = self.tree.clusters
        return Chunk(
            start=self.start,
            stop=self.stop,
            total=self.tree.number,
            entries=np.flatnonzero(good) + self.start,
            codes=verdicts.codes,
            labels=self.labels,
            hits=hit_columns(self.schema, kept),
            events={name: values[good] for name, values in made.items() if values is not None},
            ptr=kept.ptr,
            faults=tuple(verdicts.faults),
            clusters=clusters[(clusters > self.start) & (clusters < self.stop)],
            first_entries=self.table.source.entries,
            groups={name: self._shared(name) for name in self.schema.group_by},
        )

    def _shared(self, name: str) -> Numbers:
        """The value of a grouping column for each event; none is without hits."""
        counts, values = list_parts(self.table[name], name, self.table.source)
        return values[offsets_of(counts)[:-1]]


def judge_events(
    tree: EventTree,
    schema: Schema,
    wanted: Wanted,
    labelling: str | LabelRule | None,
    classes: Sequence[str],
    start: int,
    stop: int,
) -> JudgedEvents:
    """Read the events ``start`` to ``stop`` and sort the good from the bad, but for their keys.

    Args:
        tree: the tree.
        schema: how branches become events.
        wanted: what is read of this tree.
        labelling: the class of all events, the rule for it, or None where it is unknown.
        classes: the class names in the order of ``y``.
        start: the first event.
        stop: the event after the last.

    Raises:
        InputError: a branch is missing, unreadable or of the wrong type. Faults of single events
            are not raised but returned.
    """
    number = stop - start
    source = Source(tree.file, tree.name, tree.entries(start, stop))
    verdicts = Verdicts(source, number)
    read = tree.columns(wanted.branches, start, stop)
    table = Table(read, source, verdicts, flat=schema.layout == "flat")
    selecting = Expression(schema.select) if schema.select is not None else None
    if selecting is not None:  # first, since what is not wanted may well be at fault
        table.make(schema.lookups(selecting.names), schema.derivations(selecting.names))
        verdicts.deselect(~table.condition(selecting))
    table.make(wanted.lookups, wanted.derived)
    hits = read_hits(schema, table)
    judge_hits(schema, hits, table)
    labels = labels_of(labelling, classes, table, number)
    return JudgedEvents(
        tree,
        schema,
        start,
        stop,
        table,
        hits,
        labels,
        {
            fields.LABEL: labels,
            fields.AXIS: axis_of(schema, number),
            fields.WEIGHT: weights_of(schema, wanted, table, number),
            **observers_of(schema, wanted, table, number),
        },
    )


def read_chunk(
    tree: EventTree,
    schema: Schema,
    wanted: Wanted,
    labelling: str | LabelRule | None,
    classes: Sequence[str],
    start: int,
    stop: int,
) -> Chunk:
    """Read and judge the events ``start`` to ``stop`` on their own; see `judge_events`.

    Raises:
        InputError: as `judge_events`.
    """
    return judge_events(tree, schema, wanted, labelling, classes, start, stop).finish()
