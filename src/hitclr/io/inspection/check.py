"""Checking a schema against files: what training would get, and what is wrong with the rest."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hitclr import fields
from hitclr.errors import HitclrError, InputError
from hitclr.io.files import FileName
from hitclr.io.inspection.check_faults import FaultCheck, FileCheck
from hitclr.io.inspection.check_numbers import ColumnCheck, HitCounts, Role
from hitclr.io.reading import Chunk, Progress, Sample, class_names, iterate_file
from hitclr.io.schema import Schema

__all__ = ["SchemaCheck", "check_schema", "iterate_checks"]


@dataclass(frozen=True)
class SchemaCheck:
    """What a schema makes of files. The sum of two is the check of the files of both.

    Attributes:
        schema: the schema's name.
        flat: whether an entry of the files is a hit; what is called an entry here is then a group
            of them, the hits of one event.
        files: the files that were looked at.
        classes: ``{class: events}``, every class of the schema's label; empty without a label.
        left_out: ``{class: entries}`` that are of this class and at fault.
        unknown: the entries at fault that are of no class of the schema's label.
        hits: hits per event.
        columns: positions, features, hit columns, then what is known of an event, after the
            schema's selection and ``relative_to``; of the events alone, so an entry with NaN among
            its hits is not in them but in ``faults``.
        faults: what is wrong with the other entries and files, one for each reason; for files one
            for each reason and branch.
    """

    schema: str
    flat: bool = False
    files: tuple[FileCheck, ...] = ()
    classes: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    unknown: int = 0
    hits: HitCounts = field(default_factory=HitCounts)
    columns: tuple[ColumnCheck, ...] = ()
    faults: tuple[FaultCheck, ...] = ()

    @property
    def entries(self) -> int:
        """The number of entries that were checked."""
        return sum(file.entries for file in self.files)

    @property
    def events(self) -> int:
        """The number of entries that became events."""
        return sum(file.events for file in self.files)

    @property
    def unselected(self) -> int:
        """The number of entries that the schema leaves out on purpose."""
        return sum(file.unselected for file in self.files)

    @property
    def empty_classes(self) -> tuple[str, ...]:
        """The classes of the schema's label that no event has."""
        return tuple(name for name, events in self.classes.items() if not events)

    @property
    def fits(self) -> bool:
        """Whether no file and no entry is at fault, and every class has an event."""
        good = all(file.good for file in self.files)
        return good and self.events > 0 and not self.empty_classes

    def __add__(self, more: SchemaCheck) -> SchemaCheck:
        """This and further entries or files."""
        files = list(self.files)
        for file in more.files:
            if files and files[-1].index == file.index:
                files[-1] += file
            else:
                files.append(file)
        return replace(
            self,
            files=tuple(files),
            classes=_summed(self.classes, more.classes),
            left_out=_summed(self.left_out, more.left_out),
            unknown=self.unknown + more.unknown,
            hits=self.hits + more.hits,
            columns=_joined(self.columns, more.columns),
            faults=_merged(self.faults, more.faults),
        )


def _summed(one: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + more.get(name, 0) for name in (*one, *more)}


def _joined(one: Sequence[ColumnCheck], more: Sequence[ColumnCheck]) -> tuple[ColumnCheck, ...]:
    columns = {(column.role, column.name): column for column in one}
    for column in more:
        key = (column.role, column.name)
        columns[key] = columns[key] + column if key in columns else column
    return tuple(columns.values())


def _merged(one: Sequence[FaultCheck], more: Sequence[FaultCheck]) -> tuple[FaultCheck, ...]:
    faults: dict[tuple[str, ...], FaultCheck] = {}
    for fault in (*one, *more):
        branch = (fault.branch or "") if fault.unit == "file" else ""
        key = (fault.unit, fault.reason, branch)
        before = faults.get(key)
        faults[key] = fault if before is None else replace(before, count=before.count + fault.count)
    return tuple(faults.values())


def check_schema(
    schema: Schema, files: Sequence[FileName], *, progress: Progress | None = None
) -> SchemaCheck:
    """Read every entry of files by a schema, and tell what training would get.

    Faults are counted and do not stop the check, neither those of entries nor those of files. The
    memory that it takes does not grow with the files.

    Args:
        schema: how branches become events.
        files: what to read.
        progress: called after each chunk.

    Returns:
        What was found. Nothing is raised for the files' sake: see `SchemaCheck.fits`.
    """
    check = SchemaCheck(schema.name, _flat(schema))
    for so_far in iterate_checks(schema, files, progress=progress):
        check = so_far
    return check


def iterate_checks(
    schema: Schema, files: Sequence[FileName], *, progress: Progress | None = None
) -> Iterator[SchemaCheck]:
    """As `check_schema`, step by step.

    Yields:
        After each chunk of entries what was found up to there, so that one who breaks off has it.
        A file that turns out to be damaged half-way is left out whole, as training does.
    """
    sample = Sample(schema.name, tuple(files))
    labelling, classes = sample.labelling(schema), class_names(schema, [sample])
    ruled = () if isinstance(labelling, str) else classes
    done = SchemaCheck(schema.name, _flat(schema), classes=dict.fromkeys(ruled, 0))
    for index, file in enumerate(files):
        part = SchemaCheck(schema.name, _flat(schema))
        look = partial(_check_chunk, schema, ruled, index, file)
        try:
            # By `map`, so that no name here keeps a chunk while the next one is read.
            for piece in map(look, iterate_file(schema, labelling, classes, file)):
                part += piece
                if progress is not None:
                    (state,) = part.files
                    progress(str(file), state.stop, state.total)
                yield done + part
        except HitclrError as error:
            part = _unreadable(schema, index, file, error)
            yield done + part
        done += part


def _flat(schema: Schema) -> bool:
    return schema.layout == "flat"


def _check_chunk(
    schema: Schema, classes: Sequence[str], index: int, file: FileName, chunk: Chunk
) -> SchemaCheck:
    at_fault = {fault.reason: chunk.codes == fault.reason.code for fault in chunk.faults}
    counts = {reason: int(entries.sum()) for reason, entries in at_fault.items()}
    bad = np.isin(chunk.codes, [reason.code for reason in at_fault])
    bad_labels: NDArray[np.int64] = chunk.labels[bad]
    return SchemaCheck(
        schema.name,
        _flat(schema),
        files=(
            FileCheck(
                index,
                str(file),
                total=chunk.total,
                stop=chunk.stop,
                events=len(chunk.entries),
                unselected=int(((chunk.codes != 0) & ~bad).sum()),
                faults={str(reason): count for reason, count in counts.items()},
            ),
        ),
        classes=_by_class(chunk.events[fields.LABEL], classes),
        left_out=_by_class(bad_labels, classes),
        unknown=int((bad_labels == fields.UNKNOWN_LABEL).sum()),
        hits=HitCounts.of(chunk.ptr),
        columns=tuple(_columns(schema, chunk)),
        faults=tuple(
            _fault("entry", fault.error, counts[fault.reason], file) for fault in chunk.faults
        ),
    )


def _by_class(labels: NDArray[np.int64], classes: Sequence[str]) -> dict[str, int]:
    return {name: int((labels == number).sum()) for number, name in enumerate(classes)}


def _columns(schema: Schema, chunk: Chunk) -> Iterator[ColumnCheck]:
    for axis, values in zip("xyz", chunk.hits[fields.POS].T, strict=True):
        yield ColumnCheck.of(values, axis, "position", schema.positions.unit)
    for feature, values in zip(schema.features, chunk.hits[fields.X].T, strict=True):
        yield ColumnCheck.of(values, feature.name, "feature", feature.unit)
    for name, columns in chunk.hits.items():
        if name not in (fields.POS, fields.X):
            yield from _parts(columns, name.removeprefix(fields.HIT_PREFIX), "hit column")
    for name, columns in chunk.events.items():
        if name not in (fields.LABEL, fields.AXIS):  # the axis is the schema's own
            yield from _parts(columns, name, "event")


def _parts(columns: NDArray[Any], name: str, role: Role) -> Iterator[ColumnCheck]:
    """A column [n], or each of several [n, ...]."""
    if columns.ndim == 1:
        yield ColumnCheck.of(columns, name, role)
        return
    for number, values in enumerate(columns.reshape(len(columns), math.prod(columns.shape[1:])).T):
        yield ColumnCheck.of(values, f"{name}[{number}]", role)


def _unreadable(schema: Schema, index: int, file: FileName, error: HitclrError) -> SchemaCheck:
    fault = _fault("file", error, 1, file)
    return SchemaCheck(
        schema.name,
        _flat(schema),
        files=(FileCheck(index, str(file), error=fault.message, reason=fault.reason),),
        faults=(fault,),
    )


def _fault(
    unit: Literal["entry", "file"], error: HitclrError, count: int, file: FileName
) -> FaultCheck:
    where = error if isinstance(error, InputError) else None
    return FaultCheck(
        unit,
        reason="cannot be read" if where is None else str(where.reason),
        count=count,
        file=str(file),
        branch=None if where is None else where.branch,
        entry=None if where is None else where.entry,
        message=str(error),
    )
