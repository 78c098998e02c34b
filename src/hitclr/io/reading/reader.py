"""From ROOT files to events, by a schema, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hitclr import fields
from hitclr.errors import InputError, SchemaError
from hitclr.events import EventStore
from hitclr.io.files import find_tree, open_root, read_branch, require_branches
from hitclr.io.policy import SKIP_IT, BadInput, Reason
from hitclr.io.reading.chunk import Chunk, read_chunk
from hitclr.io.reading.samples import Sample, class_names
from hitclr.io.schema import LabelRule, Schema

__all__ = ["Progress", "check_samples", "iterate_file", "read_samples"]

Progress = Callable[[str, int, int], None]
"""Called as ``progress(file, entries done, entries in all)``."""

_CHUNK_BYTES = 64 * 2**20
_CHECKED_ENTRIES = 8
_PROBED_ENTRIES = 256


def _branches(schema: Schema, labelling: str | LabelRule | None) -> list[str]:
    names = list(schema.hit_branches())
    if schema.key is not None:
        names.append(schema.key.branch)
    if labelling is not None:
        names.extend(column.branch for column in schema.observers.values())
    if isinstance(labelling, LabelRule):
        names.extend(column.branch for column in labelling.columns)
    return list(dict.fromkeys(names))


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


def _check_file(schema: Schema, sample: Sample, file: Path, classes: Sequence[str]) -> None:
    with open_root(file) as directory:
        tree = find_tree(directory, schema.tree, file)
        labelling = sample.labelling(schema)
        require_branches(tree, _branches(schema, labelling), file)
        if tree.num_entries > 0:
            stop = min(_CHECKED_ENTRIES, int(tree.num_entries))
            read_chunk(tree, schema, labelling, classes, file, 0, stop)


def iterate_file(
    schema: Schema,
    labelling: str | LabelRule | None,
    classes: Sequence[str],
    file: Path,
) -> Iterator[Chunk]:
    """Read one file chunk by chunk, each about 64 MB.

    Yields:
        Chunks that together cover every entry; each says what is wrong with the entries that it
        leaves out.

    Raises:
        InputError: the file cannot be read, or the schema does not fit it.
    """
    with open_root(file) as directory:
        tree = find_tree(directory, schema.tree, file)
        branches = _branches(schema, labelling)
        require_branches(tree, branches, file)
        total = int(tree.num_entries)
        if total == 0:
            message = "expected events, the tree has no entries"
            raise InputError(
                message,
                reason=Reason.NO_ENTRIES,
                file=file,
                tree=schema.tree,
                advice=f"leave the file out, or {SKIP_IT}",
            )
        step = _chunk_entries(tree, branches, total)
        for start in range(0, total, step):
            stop = min(start + step, total)
            yield read_chunk(tree, schema, labelling, classes, file, start, stop)


def _chunk_entries(tree: Any, branches: Sequence[str], total: int) -> int:
    """How many entries make a chunk of about 64 MB."""
    size = 0
    for name in branches:
        whole = getattr(tree[name], "uncompressed_bytes", None)
        if whole is None:  # a field of an RNTuple does not tell
            start = read_branch(tree, name, tree.file.file_path, 0, _PROBED_ENTRIES)
            whole = start.nbytes * total // min(total, _PROBED_ENTRIES)
        size += int(whole)
    return max(1, min(total, total * _CHUNK_BYTES // max(size, 1)))


def read_samples(
    schema: Schema,
    samples: Sequence[Sample],
    bad_input: BadInput,
    *,
    classes: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> EventStore:
    """Read all events of all samples into memory.

    Args:
        schema: how branches become events.
        samples: what to read, in this order; the order of events is that of samples, files and
            entries.
        bad_input: the policy; it also counts what is skipped.
        classes: the class names in the order of ``y``; without it, in order of first mention.
        progress: called after each chunk.

    Returns:
        The store. ``domain`` is the index in ``samples``; ``event_id`` is (index in ``files``,
        entry in the tree).

    Raises:
        InputError: a fault under the policy ``raise``; under either, a sample or a class that has
            no event left.
        SchemaError: ``classes`` lacks a class that a sample may have.
    """
    mentioned = class_names(schema, samples)
    classes = tuple(classes) if classes is not None else mentioned
    left_out = [name for name in mentioned if name not in classes]
    if left_out:
        message = (
            f"the classes are given as {', '.join(classes)}, but samples or label rules also name "
            f"{', '.join(left_out)}: add them to the list, or leave the list out"
        )
        raise SchemaError(message)
    files: list[Path] = []
    stores: list[EventStore] = []
    for domain, sample in enumerate(samples):
        labelling = sample.labelling(schema)
        fixed = labelling if isinstance(labelling, str) else ""
        kept = 0
        for file in sample.files:
            files.append(file)
            chunks: list[EventStore] = []
            skipped = BadInput(bad_input.policy)
            try:
                for chunk in iterate_file(schema, labelling, classes, file):
                    _refuse_entries(chunk, sample, classes, skipped)
                    chunks.append(_stamped(chunk, domain, len(files) - 1))
                    if progress is not None:
                        progress(str(file), chunk.stop, chunk.total)
            except InputError as error:
                if not _is_file_fault(error):
                    raise
                # A file that breaks off is left out whole: half of it is not what was asked for.
                bad_input.refuse(error, sample=sample.name, label=fixed, unit="file")
                continue
            bad_input.add(skipped)
            stores.extend(chunks)
            kept += sum(len(store) for store in chunks)
        if kept == 0:
            raise _empty_sample(sample, bad_input)
    store = EventStore.concat([s for s in stores if len(s)])
    _refuse_empty_class(store, schema, samples, classes, bad_input)
    return EventStore(
        hits=store.hits,
        events=store.events,
        ptr=store.ptr,
        feature_names=schema.feature_names,
        feature_units=tuple(feature.unit for feature in schema.features),
        position_unit=schema.positions.unit,
        class_names=tuple(classes),
        domain_names=tuple(sample.name for sample in samples),
        files=tuple(str(file) for file in files),
    )


def _stamped(chunk: Chunk, domain: int, file_index: int) -> EventStore:
    """The events of a chunk with their ids and domain."""
    number = len(chunk.entries)
    entries = torch.from_numpy(chunk.entries)
    events = {
        **{name: torch.from_numpy(column) for name, column in chunk.events.items()},
        fields.EVENT_ID: torch.stack([torch.full_like(entries, file_index), entries], 1),
        fields.DOMAIN: torch.full((number,), domain, dtype=torch.int64),
    }
    hits = {name: torch.from_numpy(column) for name, column in chunk.hits.items()}
    return EventStore(hits, events, torch.from_numpy(chunk.ptr), feature_names=())


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


def _is_file_fault(error: InputError) -> bool:
    return error.reason in (
        Reason.MISSING_FILE,
        Reason.NOT_ROOT,
        Reason.DAMAGED_FILE,
        Reason.MISSING_TREE,
        Reason.MISSING_BRANCH,
        Reason.WRONG_TYPE,
        Reason.NO_ENTRIES,
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
    return InputError(
        message,
        reason=Reason.NO_ENTRIES,
        file=sample.files[0] if sample.files else "(no files)",
        advice="check the sample's files and the schema, or take the sample out",
    )


def _refuse_empty_class(
    store: EventStore,
    schema: Schema,
    samples: Sequence[Sample],
    classes: Sequence[str],
    bad_input: BadInput,
) -> None:
    present = set(store.labels.tolist())
    for index, name in enumerate(classes):
        if index in present:
            continue
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
