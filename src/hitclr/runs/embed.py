"""Using a trained model on files: embeddings and scores, row for row with the input entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import hitclr
from hitclr import fields
from hitclr.build import build_edges
from hitclr.data import BatchPlan
from hitclr.errors import InputError, OutputError
from hitclr.events import EventStore
from hitclr.io import BadInput, Chunk, FriendWriter, Policy, Progress, Reason, iterate_file
from hitclr.nn import LinearProbe
from hitclr.plugins import Plugins
from hitclr.runs.checkpoint import Model, load_model

__all__ = ["TREE", "embed_files"]

TREE = "hitclr"
"""The name of the tree that is written."""


def embed_files(
    checkpoint: Path,
    files: Sequence[Path],
    out: Path,
    plugins: Plugins,
    *,
    on_bad_input: Policy = "raise",
    overwrite: bool = False,
    batch_size: int = 64,
    progress: Progress | None = None,
) -> list[dict[str, str | int]]:
    """Embed every entry of ROOT files and write a tree that runs parallel to them.

    Row i of the tree belongs to entry i of the files, one after the other. Its branches:
    ``event_id`` [2] int64 (file, entry), ``embedding`` [D] float32, ``scores`` [C] float32 (the
    probability of each class), ``status`` int8: 0, or the code of the reason why the entry was
    skipped, and then embedding and scores are NaN.

    Args:
        checkpoint: the trained model.
        files: the ROOT files; the labels in them are not used.
        out: the ROOT file to write.
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
    if out.exists() and not overwrite:
        message = f"{out} exists already\n  what to do: choose another name, or pass --overwrite"
        raise OutputError(message)
    if out.resolve() in {file.resolve() for file in (*files, checkpoint)}:
        message = f"{out} is also an input\n  what to do: write to another file"
        raise OutputError(message)
    model = load_model(checkpoint, plugins)
    model.method.to("cuda" if torch.cuda.is_available() else "cpu")
    schema = model.schema.model_copy(update={"label": None, "observers": {}, "key": None})
    bad_input = BadInput(on_bad_input)
    width = model.method.width
    branches: dict[str, tuple[str, tuple[int, ...]]] = {
        fields.EVENT_ID: ("<i8", (2,)),
        "embedding": ("<f4", (width,)),
        "status": ("<i1", ()),
    }
    probe = getattr(model.method, "probe", None)
    if model.class_names and (not isinstance(probe, LinearProbe) or bool(probe.fitted)):
        branches["scores"] = ("<f4", (len(model.class_names),))
    metadata = {
        "hitclr": hitclr.__version__,
        "checkpoint": str(checkpoint),
        "classes": list(model.class_names),
        "files": [str(file) for file in files],
        "status": {reason.code: reason.value for reason in Reason},
    }
    with FriendWriter(out, TREE, branches, metadata) as writer:
        for number, file in enumerate(files):
            try:
                for chunk in iterate_file(schema, None, (), file):
                    for fault in chunk.faults:
                        count = int((chunk.codes == fault.reason.code).sum())
                        bad_input.refuse(fault.error, sample=str(file), unit="event", count=count)
                    rows = _embed_chunk(model, chunk, number, batch_size, "scores" in branches)
                    writer.extend(rows)
                    if progress is not None:
                        progress(str(file), chunk.stop, chunk.total)
            except InputError as error:
                if error.reason != Reason.NO_ENTRIES:
                    raise
                bad_input.refuse(error, sample=str(file), unit="file")
    return bad_input.table()


@torch.inference_mode()
def _embed_chunk(
    model: Model, chunk: Chunk, file: int, batch_size: int, with_scores: bool
) -> Mapping[str, NDArray[Any]]:
    """One row for each entry of a chunk."""
    edges = build_edges(model.method)
    number = chunk.stop - chunk.start
    events = {name: torch.from_numpy(column) for name, column in chunk.events.items()}
    store = EventStore(
        hits={name: torch.from_numpy(column) for name, column in chunk.hits.items()},
        events=events,
        ptr=torch.from_numpy(chunk.ptr),
        feature_names=model.schema.feature_names,
    )
    entries = np.arange(chunk.start, chunk.stop, dtype=np.int64)
    embedding = np.full((number, model.method.width), np.nan, dtype=np.float32)
    scores = np.full((number, len(model.class_names)), np.nan, dtype=np.float32)
    for step in BatchPlan(torch.arange(len(store)), batch_size, None):
        batch = store.batch(step.events)
        batch = batch if edges is None else edges(batch)
        vectors = model.method.embed(batch.to(model.method.device))
        rows = chunk.entries[step.events.numpy()] - chunk.start
        embedding[rows] = vectors.float().cpu().numpy()
        if with_scores:
            scores[rows] = model.method.logits(vectors).softmax(-1).float().cpu().numpy()
    made: dict[str, NDArray[Any]] = {
        fields.EVENT_ID: np.stack([np.full_like(entries, file), entries], 1),
        "embedding": embedding,
        "status": chunk.codes,
    }
    if with_scores:
        made["scores"] = scores
    return made
