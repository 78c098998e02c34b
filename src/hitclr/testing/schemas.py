"""The contract of a schema, clause by clause: a round trip through ROOT."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Literal

import awkward as ak
import numpy as np
import torch
from numpy.typing import NDArray

from hitclr import fields
from hitclr.errors import InputError
from hitclr.events import EventStore, counts_from_ptr
from hitclr.io import BadInput, Column, Feature, Sample, Schema, load_schema, read_samples
from hitclr.testing.check import Check
from hitclr.testing.made_tree import MadeTree, make_tree

__all__ = ["SCHEMA_CHECKS", "check_schema", "read_made_up"]

_ROUNDING = 1e-6
"""Relative to the largest number of a column: that of float32."""


def check_schema(schema: Schema) -> None:
    """Check a schema against its whole contract, on files with made-up numbers.

    Raises:
        AssertionError: a clause is broken; the message says which, what was expected, what came,
            and why it matters.
    """
    for check in SCHEMA_CHECKS:
        check(schema)


def read_made_up(schema: Schema, form: str = "ttree") -> tuple[EventStore, MadeTree]:
    """Events that a schema reads of a made-up file, and what was written there.

    Events that the schema, or the bad-input policy, leaves out are left out. A label rule that
    decides by a derived column is left out, too: which branches would give it its values is not
    known here.

    Args:
        schema: the schema.
        form: ``ttree`` or ``rntuple``.
    """
    if _decides_by_derived(schema):
        schema = schema.model_copy(update={"label": None})
    made = make_tree(schema)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made-up.root"
        made.write(path, form)
        sample = Sample("made-up", (path,))
        return read_samples(schema, [sample], _SkipEvents()), made


def _decides_by_derived(schema: Schema) -> bool:
    rule = schema.label
    return rule is not None and any(column.branch in schema.derive for column in rule.columns)


class _SkipEvents(BadInput):
    """Counts events at fault, of which some are always made up, and raises what is of the file."""

    def __init__(self) -> None:
        super().__init__("skip")

    def refuse(self, error: InputError, *, unit: Literal["file", "event"], **more: Any) -> None:
        if unit == "file":
            raise error
        super().refuse(error, unit=unit, **more)


def _survives_yaml(schema: Schema) -> str | None:
    """Written as YAML and read again it is the same.

    Checkpoints keep it so.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "schema.yaml"
        path.write_text(schema.to_yaml(), encoding="utf-8")
        again = load_schema(path)
    if again == schema:
        return None
    keys = [name for name in Schema.model_fields if getattr(again, name) != getattr(schema, name)]
    if keys:
        return f"these keys come back otherwise: {', '.join(keys)}"
    return f"a {type(schema).__name__} comes back as a Schema: what it adds is lost"


def _reads_what_was_written(schema: Schema) -> str | None:
    """Of a file with the branches that it names it makes the events that are in it.

    Positions, features, hit columns, classes and observers are compared with what was written.
    """
    return _round_trip_fault(*read_made_up(schema))


def _finds_every_class(schema: Schema) -> str | None:
    """Each class of its label rule comes out of some file.

    A class that no event can have stops every training.
    """
    if schema.label is None or _decides_by_derived(schema):
        return None
    store, _ = read_made_up(schema)
    for number, name in enumerate(store.class_names):
        if not bool((store.labels == number).any()):
            return f"none of {len(store)} made-up events is of the class {name!r}"
    return None


def _reads_an_rntuple(schema: Schema) -> str | None:
    """An RNTuple with the same branches gives the same events as a TTree.

    ROOT writes both. Names with a slash are a TTree's, and are left out here.
    """
    if not make_tree(schema).has_plain_names():
        return None
    return _round_trip_fault(*read_made_up(schema, "rntuple"))


def _round_trip_fault(store: EventStore, made: MadeTree) -> str | None:
    schema = made.schema
    events = store.events[fields.EVENT_ID][:, 1].numpy()
    keep = made.kept()

    def hits(branch: str) -> ak.Array:
        return made.columns[branch][keep][events]

    counts = ak.to_numpy(ak.num(hits(schema.positions.branches[0])))
    if counts_from_ptr(store.ptr).tolist() != counts.tolist():
        return f"expected {int(counts.sum())} hits in {len(counts)} events, got {store.num_hits}"
    pairs = [
        (f"pos, {branch}", _flat(hits(branch)), store.hits[fields.POS][:, place])
        for place, branch in enumerate(schema.positions.branches)
    ]
    for place, feature in enumerate(schema.features):
        column = store.hits[fields.X][:, place]
        pairs.append(
            (f"feature {feature.name!r}", _relative(feature, hits(feature.branch)), column)
        )
    for name, branch in schema.hit_columns.items():
        column = store.hits[fields.HIT_PREFIX + name]
        pairs.append((f"hit column {name!r}", _flat(hits(branch)), column))
    for name, observer in {**schema.observers, **_further(schema)}.items():
        values = _of_events(made.columns[observer.branch], observer)[events]
        pairs.append((f"column {name!r}", values, store.events[name]))
    if schema.label is not None:
        pairs.append(("the class", made.labels()[events].astype(np.float64), store.labels))
    for what, expected, got in pairs:
        fault = _difference(expected, got)
        if fault is not None:
            return f"{what}: {fault}"
    return None


def _further(schema: Schema) -> dict[str, Column]:
    named = {fields.KEY: schema.key, fields.WEIGHT: schema.weight}
    return {name: column for name, column in named.items() if column is not None}


def _flat(lists: ak.Array) -> NDArray[np.float64]:
    return np.asarray(ak.to_numpy(ak.flatten(lists)), dtype=np.float64)


def _relative(feature: Feature, lists: ak.Array) -> NDArray[np.float64]:
    """A feature's numbers, relative to its smallest one or its median in the event."""
    if feature.relative_to == "nothing":
        return _flat(lists)
    of_event = np.min if feature.relative_to == "minimum" else np.median
    return np.concatenate([np.asarray(one) - of_event(one) for one in lists])


def _of_events(array: ak.Array, column: Column) -> NDArray[np.float64]:
    chosen = array if column.index is None else array[:, column.index]
    return np.asarray(ak.to_numpy(chosen), dtype=np.float64)


def _difference(expected: NDArray[np.float64], got: torch.Tensor) -> str | None:
    numbers = got.double().numpy()
    slack = _ROUNDING * max(1.0, float(np.abs(expected).max(initial=0.0)))
    wrong = np.flatnonzero(~(np.abs(expected - numbers) <= slack))
    if not wrong.size:
        return None
    row = int(wrong[0])
    return f"row {row}: written was {expected[row]:g}, read is {numbers[row]:g}"


SCHEMA_CHECKS: tuple[Check, ...] = tuple(
    Check(find_fault)
    for find_fault in (
        _survives_yaml,
        _reads_what_was_written,
        _finds_every_class,
        _reads_an_rntuple,
    )
)
"""The clauses, in the order in which a broken one is easiest to understand."""
