"""The contract of a schema, clause by clause: a round trip through ROOT."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import awkward as ak
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from hitclr import fields
from hitclr.errors import InputError
from hitclr.events import EventStore, counts_from_ptr
from hitclr.io import BadInput, Column, Feature, Sample, Schema, load_schema, read_samples
from hitclr.testing.check import Check
from hitclr.testing.example import ask_for
from hitclr.testing.example_files import files_fault, read_tree
from hitclr.testing.made_tree import MadeTree, make_tree, one_per_event

__all__ = [
    "SCHEMA_CHECKS",
    "can_be_made_up",
    "check_schema",
    "example_fault",
    "read_example",
    "read_made_up",
    "yaml_fault",
]

_ROUNDING = 1e-6
"""Relative to the largest number of a column: that of float32."""

_COMPARED = 500
"""So many events of an example file are compared number by number."""


def check_schema(schema: Schema, files: Sequence[str | Path] = ()) -> None:
    """Check a schema against its whole contract, on files with made-up numbers.

    Args:
        schema: the schema.
        files: small files that it is made for, to be read as well. For a schema with tables or
            records there are no others: neither the rows that hits refer to nor the bytes of a
            record can be made up.

    Raises:
        AssertionError: a clause is broken; the message says which, what was expected, what came,
            and why it matters.
        pytest.skip.Exception: the schema has tables or records, and there are no files.
    """
    for check in SCHEMA_CHECKS:
        check(schema, tuple(map(Path, files)))


def can_be_made_up(schema: Schema) -> bool:
    """Whether files for a schema can be made up: it has no tables and no records."""
    return not (schema.tables or schema.records)


def read_example(schema: Schema, file: Path, most: int = _COMPARED) -> EventStore:
    """Those of the first ``most`` events of an example file that are not at fault."""
    sample = Sample("example", (file,), entries=(0, most))
    return read_samples(schema, [sample], _SkipEvents())


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


def _survives_yaml(schema: Schema, _files: tuple[Path, ...] = ()) -> str | None:
    """Written as YAML and read again it is the same.

    Checkpoints keep it so.
    """
    return yaml_fault(schema)


def yaml_fault(schema: Schema) -> str | None:
    """What a schema loses as YAML, in words, or None."""
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


def _fits_its_example_files(schema: Schema, files: tuple[Path, ...] = ()) -> str | None:
    """Of the example files, if any, each entry is an event or left out on purpose, of every class.

    `hitclr inspect --check` tells the same. A run stops at an entry at fault.
    """
    return files_fault(schema, files) if files else None


def _reads_what_was_written(schema: Schema, files: tuple[Path, ...] = ()) -> str | None:
    """Of a file with the branches that it names it makes the events that are in it.

    Positions, features, hit columns, classes and observers are compared with what was written.
    """
    if can_be_made_up(schema):
        fault = _round_trip_fault(*read_made_up(schema))
        if fault is not None:
            return fault
    elif not files:
        pytest.skip(f"{_CANNOT}\n{ask_for('files=[...]', 'schema', schema.name)}")
    return example_fault(schema, files)


def example_fault(schema: Schema, files: tuple[Path, ...]) -> str | None:
    """What a schema makes otherwise of files than what is written there, in words, or None."""
    for file in files:
        fault = _round_trip_fault(read_example(schema, file), read_tree(schema, file, _COMPARED))
        if fault is not None:
            return f"{file}: {fault}"
    return None


_CANNOT = "a schema with tables or records needs a file: what is in one cannot be made up"


def _finds_every_class(schema: Schema, _files: tuple[Path, ...] = ()) -> str | None:
    """Each class of its label rule comes out of some file.

    A class that no event can have stops every training.
    """
    if schema.label is None or _decides_by_derived(schema) or not can_be_made_up(schema):
        return None
    store, _ = read_made_up(schema)
    for number, name in enumerate(store.class_names):
        if not bool((store.labels == number).any()):
            return f"none of {len(store)} made-up events is of the class {name!r}"
    return None


def _reads_an_rntuple(schema: Schema, _files: tuple[Path, ...] = ()) -> str | None:
    """An RNTuple with the same branches gives the same events as a TTree.

    ROOT writes both. Names with a slash are a TTree's, and are left out here, as are tables and
    records.
    """
    if not can_be_made_up(schema) or not make_tree(schema).has_plain_names():
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
        values = one_per_event(made.columns[observer.branch], observer)[events]
        pairs.append((f"column {name!r}", values, store.events[name]))
    if schema.label is not None:
        pairs.append(("the class", made.labels()[events], store.labels))
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


def _difference(written: NDArray[Any], got: torch.Tensor) -> str | None:
    expected, numbers = written.astype(np.float64), got.double().numpy()
    slack = _ROUNDING * max(1.0, float(np.nanmax(np.abs(expected), initial=0.0)))
    close = np.abs(expected - numbers) <= slack
    wrong = np.flatnonzero(~(close | (np.isnan(expected) & np.isnan(numbers))))
    if not wrong.size:
        return None
    row = int(wrong[0])
    return f"row {row}: written was {expected[row]:g}, read is {numbers[row]:g}"


SCHEMA_CHECKS: tuple[Check, ...] = tuple(
    Check(find_fault)
    for find_fault in (
        _survives_yaml,
        _fits_its_example_files,
        _reads_what_was_written,
        _finds_every_class,
        _reads_an_rntuple,
    )
)
"""The clauses, in the order in which a broken one is easiest to understand."""
