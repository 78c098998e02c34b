"""From samples of ROOT files to events, by a schema, under the bad-input policy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from hitclr import fields
from hitclr.errors import InputError, SchemaError
from hitclr.events import EventStore, StoreBuilder
from hitclr.io.files import FileName
from hitclr.io.policy import BadInput, Reason
from hitclr.io.reading.chunk import Chunk, read_chunk
from hitclr.io.reading.iterate import ReadingThreads, iterate_file, open_event_tree
from hitclr.io.reading.samples import Sample, class_names
from hitclr.io.schema import LabelRule, Schema
from hitclr.rng import seed_for, uniform_hash

__all__ = ["Progress", "Sink", "check_samples", "named", "read_into", "read_samples"]

Progress = Callable[[str, int, int], None]
"""Called as ``progress(file, events done, events in all)``."""

_CHECKED_EVENTS = 8


class Sink(Protocol):
    """Takes events part by part, in order."""

    def append(self, part: EventStore) -> None:
        """Take the next events."""

    def mark(self) -> tuple[int, ...]:
        """How far it has come."""

    def rewind(self, mark: tuple[int, ...]) -> None:
        """Drop what was taken after ``mark`` was given."""


def check_samples(schema: Schema, samples: Sequence[Sample], bad_input: BadInput) -> None:
    """Check the schema against the first readable file of each sample, before anything runs.

    The tree and all branches must be there, and the first entries must have the right types. What
    the entries hold is judged later, event by event.

    Raises:
        InputError: the schema does not fit, or a file cannot be read and the policy is ``raise``.
            Under ``skip`` a schema that fits no file of a sample is still an error.
    """
    for sample in samples:
        first: InputError | None = None
        for file in sample.files:
            try:
                _check_file(schema, sample, file, class_names(schema, samples))
                break
            except InputError as error:
                if bad_input.policy == "raise":
                    raise
                first = first or error
        else:
            if first is not None:
                raise first
            raise _empty_sample(sample)


def _check_file(schema: Schema, sample: Sample, file: FileName, classes: Sequence[str]) -> None:
    labelling = sample.labelling(schema)
    with open_event_tree(schema, labelling, file) as (tree, wanted):
        if tree.number > 0:
            stop = min(_CHECKED_EVENTS, tree.number)
            read_chunk(tree, schema, wanted, labelling, classes, 0, stop)


def read_samples(
    schema: Schema,
    samples: Sequence[Sample],
    bad_input: BadInput,
    *,
    classes: Sequence[str] | None = None,
    threads: int = 1,
    progress: Progress | None = None,
) -> EventStore:
    """Read all events of all samples into memory.

    Args:
        schema: how branches become events.
        samples: what to read, in this order; the order of events is that of samples, files and
            entries.
        bad_input: the policy; it also counts what is skipped.
        classes: the class names in the order of ``y``; without it, in order of first mention.
        threads: how many threads read and unpack branches at the same time.
        progress: called after each chunk.

    Returns:
        The store. ``domain`` is the index in ``samples``; ``event_id`` is (index in ``files``,
        number of the event in the tree).

    Raises:
        InputError: a fault under the policy ``raise``; under either, a sample or a class that has
            no event left.
        SchemaError: ``classes`` lacks a class that a sample may have.
    """
    sink = StoreBuilder()
    names = read_into(
        sink, schema, samples, bad_input, classes=classes, threads=threads, progress=progress
    )
    return named(sink.build(), names)


def read_into(
    sink: Sink,
    schema: Schema,
    samples: Sequence[Sample],
    bad_input: BadInput,
    *,
    classes: Sequence[str] | None = None,
    threads: int = 1,
    progress: Progress | None = None,
) -> EventStore:
    """Read all events of all samples, part by part, into a sink; see `read_samples`.

    A file that breaks off is taken back whole: half of it is not what was asked for.

    Returns:
        A store without events that has the names: features, units, classes, domains, files.

    Raises:
        InputError: as `read_samples`.
        SchemaError: as `read_samples`.
    """
    classes = _all_classes(schema, samples, classes)
    numbers = np.zeros(len(classes), dtype=np.int64)
    files: list[FileName] = []
    with ReadingThreads.of(threads) as reading:
        for domain, sample in enumerate(samples):
            labelling = sample.labelling(schema)
            fixed = labelling if isinstance(labelling, str) else ""
            kept = 0
            for place, file in enumerate(sample.files):
                files.append(file)
                mark, skipped, own = sink.mark(), BadInput(bad_input.policy), 0
                counts = np.zeros_like(numbers)
                try:
                    for chunk in iterate_file(
                        schema, labelling, classes, file, entries=sample.entries, threads=reading
                    ):
                        _refuse_entries(chunk, sample, classes, skipped)
                        part = _part(chunk, schema, domain, len(files) - 1, place, sample.fraction)
                        if len(part):
                            sink.append(part)
                        own += len(part)
                        known = part.labels[part.labels >= 0]
                        counts += torch.bincount(known, minlength=len(classes)).numpy()
                        if progress is not None:
                            progress(str(file), chunk.stop, chunk.total)
                except InputError as error:
                    if not Reason(error.reason).of_file:
                        raise
                    sink.rewind(mark)
                    bad_input.refuse(error, sample=sample.name, label=fixed, unit="file")
                    continue
                bad_input.add(skipped)
                kept += own
                numbers += counts
            if kept == 0:
                raise _empty_sample(sample, bad_input)
    _refuse_empty_class(numbers, schema, samples, classes, bad_input)
    return EventStore(
        hits={},
        events={},
        ptr=torch.zeros(1, dtype=torch.int64),
        feature_names=schema.feature_names,
        feature_units=tuple(feature.unit for feature in schema.features),
        position_unit=schema.positions.unit,
        class_names=tuple(classes),
        domain_names=tuple(sample.name for sample in samples),
        files=tuple(str(file) for file in files),
    )


def named(store: EventStore, names: EventStore) -> EventStore:
    """A store with the names of another."""
    return replace(
        names, hits=store.hits, events=store.events, ptr=store.ptr, clusters=store.clusters
    )


def _all_classes(
    schema: Schema, samples: Sequence[Sample], classes: Sequence[str] | None
) -> tuple[str, ...]:
    mentioned = class_names(schema, samples)
    classes = tuple(classes) if classes is not None else mentioned
    left_out = [name for name in mentioned if name not in classes]
    if left_out:
        message = (
            f"the classes are given as {', '.join(classes)}, but samples or label rules also name "
            f"{', '.join(left_out)}: add them to the list, or leave the list out"
        )
        raise SchemaError(message)
    return classes


def _part(
    chunk: Chunk, schema: Schema, domain: int, file: int, place: int, fraction: float
) -> EventStore:
    """The events of a chunk with their ids and domain, and of these the fraction.

    Args:
        chunk: the chunk.
        schema: how branches became events.
        domain: the number of the sample.
        file: the number of the file.
        place: its number in the sample.
        fraction: which fraction of the events is taken, by a hash of the key, or of the event's
            place in the sample: 1 % of the events is among 10 % of them.
    """
    entries = torch.from_numpy(chunk.entries)
    events = {
        **{name: torch.from_numpy(column) for name, column in chunk.events.items()},
        fields.EVENT_ID: torch.stack([torch.full_like(entries, file), entries], 1),
        fields.DOMAIN: torch.full_like(entries, domain),
    }
    borders = np.searchsorted(chunk.entries, chunk.clusters)
    ends = np.array([0, len(entries)])
    store = EventStore(
        {name: torch.from_numpy(column) for name, column in chunk.hits.items()},
        events,
        torch.from_numpy(chunk.ptr),
        feature_names=schema.feature_names,
        clusters=torch.from_numpy(np.unique(np.concatenate([ends, borders]))),
    )
    if fraction >= 1:
        return store
    if fields.KEY in events:
        drawn = uniform_hash(seed_for(0, "fraction by key"), events[fields.KEY])
    else:
        drawn = uniform_hash(seed_for(0, "fraction"), torch.full_like(entries, place), entries)
    return store.select(torch.nonzero(drawn < fraction)[:, 0])


def _refuse_entries(
    chunk: Chunk, sample: Sample, classes: Sequence[str], bad_input: BadInput
) -> None:
    for fault in chunk.faults:
        labels: NDArray[np.int64] = chunk.labels[chunk.codes == fault.reason.code]
        for label, count in zip(*np.unique(labels, return_counts=True), strict=True):
            bad_input.refuse(
                fault.error,
                sample=sample.name,
                label=classes[label] if label >= 0 else "",
                unit="event",
                count=int(count),
            )


def _empty_sample(sample: Sample, bad_input: BadInput | None = None) -> InputError:
    skipped = [] if bad_input is None else bad_input.table()
    why = ", ".join(
        f"{row['count']} {row['unit']}(s): {row['reason']}"
        for row in skipped
        if row["sample"] == sample.name
    )
    message = (
        f"sample {sample.name!r} has no event left"
        + (f" ({why})" if why else "")
        + "; an empty sample is an error under either policy"
    )
    if sample.fraction < 1:
        message += f" (of the good ones, the fraction {sample.fraction:g} is taken)"
    return InputError(
        message,
        reason=Reason.NO_ENTRIES,
        file=sample.files[0] if sample.files else "(no files)",
        advice="check the sample's files and the schema, its select among it, or take the sample "
        "out",
    )


def _refuse_empty_class(
    numbers: NDArray[np.int64],
    schema: Schema,
    samples: Sequence[Sample],
    classes: Sequence[str],
    bad_input: BadInput,
) -> None:
    for name in (name for name, number in zip(classes, numbers, strict=True) if number == 0):
        owners = [
            sample
            for sample in samples
            if (isinstance(rule := sample.labelling(schema), str) and rule == name)
            or (isinstance(rule, LabelRule) and name in rule.classes)
        ]
        if not owners:  # a class of the training that these samples cannot have
            continue
        why = ", ".join(f"{row['count']} {row['reason']}" for row in bad_input.table())
        message = (
            f"class {name!r} has no event"
            + (f" (skipped in all: {why})" if why else "")
            + "; an empty class is an error under either policy"
        )
        raise InputError(
            message,
            reason=Reason.NO_ENTRIES,
            file=owners[0].files[0],
            advice="check the label rule's values, or take the class out of it",
        )
