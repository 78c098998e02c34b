"""One chunk of events of a tree, read, checked and flattened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from hitclr import fields
from hitclr.io.layouts import EventTree
from hitclr.io.reading.columns import Numbers, Source
from hitclr.io.reading.event_columns import (
    SeenKeys,
    axis_of,
    keys_of,
    labels_of,
    observers_of,
    weights_of,
)
from hitclr.io.reading.hits import hit_columns, judge_hits, read_hits
from hitclr.io.reading.table import Table
from hitclr.io.reading.verdicts import Fault, Verdicts
from hitclr.io.reading.wanted import Wanted
from hitclr.io.schema import Expression, LabelRule, Schema

__all__ = ["Chunk", "read_chunk"]


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


def read_chunk(
    tree: EventTree,
    schema: Schema,
    wanted: Wanted,
    labelling: str | LabelRule | None,
    classes: Sequence[str],
    start: int,
    stop: int,
    seen: SeenKeys | None = None,
    columns: Mapping[str, ak.Array] | None = None,
) -> Chunk:
    """Read the events ``start`` to ``stop`` and sort the good from the bad.

    Args:
        tree: the tree.
        schema: how branches become events.
        wanted: what is read of this tree.
        labelling: the class of all events, the rule for it, or None where it is unknown.
        classes: the class names in the order of ``y``.
        start: the first event.
        stop: the event after the last.
        seen: the keys of the events of the file before these; None to let them come twice.
        columns: the columns of these events; they are read where it is None.

    Raises:
        InputError: a branch is missing, unreadable or of the wrong type. Faults of single events
            are not raised but returned.
    """
    number = stop - start
    source = Source(tree.file, tree.name, tree.entries(start, stop))
    verdicts = Verdicts(source, number)
    read = tree.columns(wanted.branches, start, stop) if columns is None else columns
    table = Table(read, source, verdicts, flat=schema.layout == "flat")
    selecting = Expression(schema.select) if schema.select is not None else None
    first = schema.derivations(selecting.names) if selecting is not None else {}
    for name, expression in first.items():
        table.derive(name, expression)
    if selecting is not None:
        verdicts.deselect(~table.condition(selecting))
    for name, expression in wanted.derived.items():
        if name not in first:
            table.derive(name, expression)
    hits = read_hits(schema, table)
    judge_hits(schema, hits, table)
    labels = labels_of(labelling, classes, table, number)
    weights = weights_of(schema, wanted, table, number)
    observers = observers_of(schema, wanted, table, number)
    keys = keys_of(schema, table, seen)  # last: an event that is out anyway keeps no other out
    good = verdicts.good
    made: dict[str, Numbers | None] = {
        fields.LABEL: labels,
        fields.KEY: keys,
        fields.AXIS: axis_of(schema, number),
        fields.WEIGHT: weights,
        **observers,
    }
    kept = hits.of(good)
    return Chunk(
        start=start,
        stop=stop,
        total=tree.number,
        entries=np.flatnonzero(good) + start,
        codes=verdicts.codes,
        labels=labels,
        hits=hit_columns(schema, kept),
        events={name: values[good] for name, values in made.items() if values is not None},
        ptr=kept.ptr,
        faults=tuple(verdicts.faults),
        clusters=tree.clusters[(tree.clusters > start) & (tree.clusters < stop)],
    )
