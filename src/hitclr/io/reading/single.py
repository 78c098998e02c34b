"""One event of a file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hitclr.errors import SettingsError
from hitclr.io.files import FileName
from hitclr.io.layouts import EventTree
from hitclr.io.reading.chunk import Chunk, read_chunk
from hitclr.io.reading.columns import Source
from hitclr.io.reading.event_columns import keys_of
from hitclr.io.reading.iterate import open_event_tree
from hitclr.io.reading.table import Table
from hitclr.io.reading.verdicts import Verdicts
from hitclr.io.schema import Expression, Schema

__all__ = ["read_single"]


def read_single(
    schema: Schema, classes: Sequence[str], file: FileName, event: int, *, by_key: bool = False
) -> Chunk:
    """Read one event.

    Args:
        schema: how branches become events.
        classes: the classes of its label rule, in the order of ``y``.
        file: the file.
        event: the number of the event in the tree, or its key.
        by_key: whether ``event`` is the key.

    Raises:
        InputError: the file cannot be read, or the event is at fault.
        SettingsError: there is no such event, or the schema leaves it out.
    """
    with open_event_tree(schema, schema.label, file) as (tree, wanted):
        place = _place_of_key(tree, schema, event) if by_key else event
        if not 0 <= place < tree.number:
            message = (
                f"{file}, tree {tree.name}: expected an entry from 0 to {tree.number - 1}, got "
                f"{place}"
            )
            raise SettingsError(message)
        chunk = read_chunk(tree, schema, wanted, schema.label, classes, place, place + 1)
    if chunk.faults:
        raise chunk.faults[0].error
    if not len(chunk.entries):
        message = f"{file}, tree {tree.name}: the schema's select leaves event {place} out"
        raise SettingsError(message)
    return chunk


def _place_of_key(tree: EventTree, schema: Schema, key: int) -> int:
    """The number of the event with a key."""
    if schema.key is None:
        message = (
            f"the schema {schema.name!r} has no key, so events of {tree.file} go by entry only"
        )
        raise SettingsError(message)
    selecting = Expression(schema.select) if schema.select is not None else None
    needed = [schema.key.branch, *(selecting.names if selecting is not None else ())]
    source = Source(tree.file, tree.name, tree.entries(0, tree.number))
    verdicts = Verdicts(source, tree.number)
    columns = tree.columns(schema.sources(needed), 0, tree.number)
    table = Table(columns, source, verdicts, flat=schema.layout == "flat")
    table.make(schema.lookups(needed), schema.derivations(needed))
    keys = keys_of(schema, table, None)
    found = np.flatnonzero(verdicts.good & (keys == key))
    if selecting is not None and len(found) > 1:
        kept = table.condition(selecting)[found]
        found = found[kept] if kept.any() else found
    if not len(found):
        message = f"{tree.file}: no event has the id {key} in {schema.key.branch}"
        raise SettingsError(message)
    return int(found[0])
