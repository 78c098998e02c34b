"""Using a trained model on files: embeddings and scores, row for row with the input entries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import hitclr
from hitclr.build import build_edges
from hitclr.data import BatchPlan
from hitclr.errors import InputError, OutputError
from hitclr.events import EventStore
from hitclr.io import (
    BadInput,
    Chunk,
    FileName,
    Policy,
    Progress,
    Reason,
    Schema,
    iterate_file,
    result_writer,
)
from hitclr.io.files import identity
from hitclr.io.policy import SKIP_IT
from hitclr.nn import LinearProbe
from hitclr.plugins import Plugins
from hitclr.runs.checkpoint import Model, load_model

__all__ = ["TREE", "embed_files"]

TREE = "hitclr"
"""The name of the tree that is written, and of the metadata in parquet."""

_FIRST_ENTRY = "first_entry"


def embed_files(
    checkpoint: Path,
    files: Sequence[FileName],
    out: Path,
    plugins: Plugins,
    *,
    on_bad_input: Policy = "raise",
    overwrite: bool = False,
    batch_size: int = 64,
    progress: Progress | None = None,
) -> list[dict[str, str | int]]:
    """Embed every event of ROOT files and write a table that runs parallel to them.

    Row i of the table belongs to event i of the files, one after the other; where an entry of the
    tree is an event, to entry i. Its columns: ``file`` int64 (its place in ``files``), ``entry``
    int64 (the number of the event there), ``embedding`` [D] float32, ``scores`` [C] float32 (the
    probability of each class), ``status`` int8: 0, or the code of the reason why the event was
    skipped, and then embedding and scores are NaN.

    For a flat tree, in which an entry is a hit, it has also ``first_entry`` int64, the entry with
    the first hit of the event, and for each grouping column ``group_<name>`` int64, the value that
    the event's hits share. What is no letter, digit or underscore in a name becomes an underscore;
    the metadata has the names as they are, under ``groups``.

    The schema's labels, observers and key are not read, and hit columns only from files that have
    them: augmentations need them, encoders seldom. Memory grows neither with the number of files
    nor with their size.

    Args:
        checkpoint: the trained model.
        files: the ROOT files; the labels in them are not used.
        out: the file to write: a ROOT tree ``hitclr`` if it ends in ``.root``, parquet if it ends
            in ``.parquet``. It appears when it is complete.
        plugins: the registries.
        on_bad_input: ``raise`` at the first entry that cannot be used, or ``skip`` and mark it. A
            file that cannot be read is an error under either, since its rows cannot be counted.
        overwrite: whether ``out`` may exist.
        batch_size: events per forward pass.
        progress: called after each chunk.

    Returns:
        What was skipped.

    Raises:
        HitclrError: the checkpoint, a file or the output cannot be used.
    """
    writer_class = result_writer(out)
    if out.exists() and not overwrite:
        message = f"{out} exists already\n  what to do: choose another name, or pass --overwrite"
        raise OutputError(message)
    if identity(out) in {identity(file) for file in (*files, checkpoint)}:
        message = f"{out} is also an input\n  what to do: write to another file"
        raise OutputError(message)
    model = load_model(checkpoint, plugins)
    model.method.to("cuda" if torch.cuda.is_available() else "cpu")
    schema = model.schema.model_copy(
        update={"label": None, "observers": {}, "key": None, "weight": None}
    )
    bad_input = BadInput(on_bad_input)
    columns = {
        "file": np.dtype("<i8"),
        "entry": np.dtype("<i8"),
        "embedding": np.dtype(("<f4", (model.method.width,))),
        "status": np.dtype("<i1"),
    }
    probe = getattr(model.method, "probe", None)
    groups = _group_names(schema)
    if schema.layout == "flat":
        columns |= {name: np.dtype("<i8") for name in (_FIRST_ENTRY, *groups)}
    if model.class_names and (not isinstance(probe, LinearProbe) or bool(probe.fitted)):
        columns["scores"] = np.dtype(("<f4", (len(model.class_names),)))
    metadata = {
        "hitclr": hitclr.__version__,
        "checkpoint": str(checkpoint),
        "classes": list(model.class_names),
        "files": [str(file) for file in files],
        "groups": groups,
        "status": {reason.code: reason.value for reason in Reason},
    }
    with writer_class(out, TREE, columns, metadata) as writer:
        for number, file in enumerate(files):
            try:
                for chunk in _chunks(schema, file):
                    for fault in chunk.faults:
                        count = int((chunk.codes == fault.reason.code).sum())
                        bad_input.refuse(fault.error, sample=str(file), unit="event", count=count)
                    for rows in _embed_chunk(model, chunk, number, batch_size, columns, groups):
                        lost = _lose_what_is_not_finite(rows)
                        if lost.size:
                            bad_input.refuse(
                                _not_finite(file, schema.tree, int(lost[0])),
                                sample=str(file),
                                unit="event",
                                count=lost.size,
                            )
                        writer.extend(rows)
                    if progress is not None:
                        progress(str(file), chunk.stop, chunk.total)
            except InputError as error:
                if error.reason != Reason.NO_ENTRIES:
                    raise
                bad_input.refuse(error, sample=str(file), unit="file")
    return bad_input.table()


def _group_names(schema: Schema) -> dict[str, str]:
    """The grouping columns by the names that they get in the table."""
    names: dict[str, str] = {}
    for branch in schema.group_by:
        name = "group_" + re.sub(r"\W", "_", branch, flags=re.ASCII)
        while name in names:  # two that differ in other characters alone
            name += "_"
        names[name] = branch
    return names


def _chunks(schema: Schema, file: FileName) -> Iterator[Chunk]:
    """The chunks of a file, without the hit columns that it lacks."""
    try:
        yield from iterate_file(schema, None, (), file)
    except InputError as error:
        # Raised before the first chunk: what is there is checked first.
        there = {
            name: b
            for name, b in schema.hit_columns.items()
            if error.branch not in schema.sources([b])
        }
        if error.reason != Reason.MISSING_BRANCH or len(there) == len(schema.hit_columns):
            raise
        yield from _chunks(schema.model_copy(update={"hit_columns": there}), file)


@torch.inference_mode()
def _embed_chunk(
    model: Model,
    chunk: Chunk,
    file: int,
    batch_size: int,
    columns: Mapping[str, np.dtype[Any]],
    groups: Mapping[str, str],
) -> Iterator[Mapping[str, NDArray[Any]]]:
    """The rows of all entries of a chunk, up to the end of one batch of good ones at a time."""
    edges = build_edges(model.method)
    store = EventStore(
        hits={name: torch.from_numpy(column) for name, column in chunk.hits.items()},
        events={name: torch.from_numpy(column) for name, column in chunk.events.items()},
        ptr=torch.from_numpy(chunk.ptr),
        feature_names=model.schema.feature_names,
    )
    start = chunk.start
    for step in BatchPlan(torch.arange(len(store)), batch_size, None):
        batch = store.batch(step.events)
        batch = batch if edges is None else edges(batch)
        made = {"embedding": model.method.embed(batch.to(model.method.device))}
        if "scores" in columns:
            made["scores"] = model.method.logits(made["embedding"]).softmax(-1)
        entries = chunk.entries[step.events.numpy()]
        stop = int(entries[-1]) + 1
        rows = _skipped_rows(chunk, file, start, stop, columns, groups)
        for name, values in made.items():
            rows[name][entries - start] = values.float().cpu().numpy()
        yield rows
        start = stop
    yield _skipped_rows(chunk, file, start, chunk.stop, columns, groups)


def _lose_what_is_not_finite(rows: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """The entries whose results are not finite, which get NaN and a status for it in the rows."""
    results = [rows[name] for name in ("embedding", "scores") if name in rows]
    finite = np.isfinite(np.concatenate(results, axis=1)).all(1)
    lost = (rows["status"] == 0) & ~finite
    for values in results:
        values[lost] = np.nan
    rows["status"][lost] = Reason.NOT_FINITE.code
    entries: NDArray[Any] = rows["entry"][lost]
    return entries


def _not_finite(file: FileName, tree: str, entry: int) -> InputError:
    return InputError(
        "expected finite numbers from the model, got NaN or inf",
        reason=Reason.NOT_FINITE,
        file=file,
        tree=tree,
        entry=entry,
        advice="look for values far outside of what it was trained on, or whether the training "
        f"diverged; or {SKIP_IT}",
    )


def _skipped_rows(
    chunk: Chunk,
    file: int,
    start: int,
    stop: int,
    columns: Mapping[str, np.dtype[Any]],
    groups: Mapping[str, str],
) -> dict[str, NDArray[Any]]:
    """The rows of the events ``start`` to ``stop`` of a chunk, with NaN for all results."""
    own = slice(start - chunk.start, stop - chunk.start)
    rows: dict[str, NDArray[Any]] = {
        "file": np.full(stop - start, file),
        "entry": np.arange(start, stop),
        "status": chunk.codes[own].copy(),
    }
    if _FIRST_ENTRY in columns:
        rows[_FIRST_ENTRY] = chunk.first_entries[own]
        # Unsigned numbers from 2**63 on keep their bits.
        rows |= {name: chunk.groups[branch][own].astype("<i8") for name, branch in groups.items()}
    for name in columns.keys() - rows.keys():
        rows[name] = np.full(stop - start, np.nan, dtype=columns[name])
    return rows
