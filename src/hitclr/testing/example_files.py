"""What a schema should make of a file that its author gives as an example."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np

from hitclr.io import Schema
from hitclr.io.inspection import check_schema
from hitclr.io.reading.iterate import open_event_tree
from hitclr.io.schema import Lookup
from hitclr.testing.made_tree import MadeTree

__all__ = ["files_fault", "read_tree"]


def files_fault(schema: Schema, files: tuple[Path, ...]) -> str | None:
    """What ``hitclr inspect --check`` finds wrong with files, in words, or None."""
    found = check_schema(schema, files)
    if found.faults:
        first, *more = found.faults
        others = f"\n  and {len(more)} other kinds of fault" if more else ""
        return f"{first.message}{others}"
    if not found.events:
        return f"the schema selects none of {found.entries} entries"
    if found.empty_classes:
        return (
            f"none of {found.events} events is of the class "
            f"{' or '.join(map(repr, found.empty_classes))}. Give files with events of each"
        )
    return None


def read_tree(schema: Schema, file: Path, most: int) -> MadeTree:
    """The columns of a file as they are written there, of the first ``most`` events.

    Tables are looked up hit by hit.
    """
    with open_event_tree(schema, schema.label, file) as (tree, wanted):
        branches = dict(tree.columns(wanted.branches, 0, min(most, tree.number)))
    columns = dict(branches)
    for name, lookup in wanted.lookups.items():
        columns[name] = _looked_up(lookup, branches)
    for name, expression in wanted.derived.items():
        columns[name] = expression.evaluate(columns)
    if schema.layout == "flat":
        for name in _event_columns(schema):
            columns[name] = columns[name][:, 0]
    return MadeTree(schema, branches, columns)


def _looked_up(lookup: Lookup, branches: dict[str, ak.Array]) -> ak.Array:
    """A column of a table for each hit, NaN where no row has its keys."""
    table = lookup.table
    rows = {keys: row for row, keys in enumerate(zip(*table.keys.values(), strict=True))}
    numbers = table.columns[lookup.column]
    keys = ak.broadcast_arrays(*(branches[name] for name in lookup.names))
    lists = [ak.to_list(ak.flatten(one, axis=None)) for one in keys]
    found = (rows.get(values) for values in zip(*lists, strict=True))
    values: Any = np.array([np.nan if row is None else numbers[row] for row in found])
    return ak.unflatten(values, ak.num(keys[0])) if keys[0].ndim == 2 else ak.Array(values)


def _event_columns(schema: Schema) -> set[str]:
    """The columns that are used with one number for each event."""
    rule = schema.label.columns if schema.label is not None else ()
    further = [one for one in (schema.key, schema.weight) if one is not None]
    columns = [*rule, *schema.observers.values(), *further]
    return {column.branch for column in columns if column.index is None}
