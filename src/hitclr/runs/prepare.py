"""Everything that a run needs before it trains, from its settings."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hitclr.augment import Augmentation
from hitclr.build import (
    build_augmentation,
    build_deposits,
    build_edges,
    build_method,
    build_samples,
    build_schema,
    build_validator,
    build_views,
)
from hitclr.config import Settings
from hitclr.data import EventDataModule, hide_labels, split_events
from hitclr.errors import HitclrError
from hitclr.events import EventStore
from hitclr.graphs import EdgeBuilder
from hitclr.io import BadInput, Feed, FileName, Progress, Sample, Schema, check_samples
from hitclr.io.feeding import Cache, cache_folder, open_feed
from hitclr.methods import Method
from hitclr.plugins import Plugins
from hitclr.runs.folder import CACHE
from hitclr.runs.pretrained import load_pretrained
from hitclr.runs.reweight import require_reweighting, reweight
from hitclr.studies.validators import Validator
from hitclr.views import ViewSource

__all__ = ["Prepared", "describe", "prepare"]

_MEASURED = 1024  # events that are looked at in one go to standardise the inputs


@dataclass(frozen=True)
class Prepared:
    """Everything that a run needs before it trains.

    Attributes:
        schema: how branches became events.
        samples: what was read.
        feed: the events.
        splits: the events of each part.
        truth: [M] int64, the labels of all events, also of those whose labels the method is not to
            see.
        source: what gives the hits of a view; None for the events as they are.
        deposits: the files that views are re-simulated from.
        augmentation: what changes the hits of a view; None for nothing.
        edges: the edges that the encoder wants; None for none.
        method: the method, its input norm fitted on the training events.
        data: what feeds it.
        skipped: what the bad-input policy left out.
        seconds: how long reading took.
        validator: what chooses the epoch whose model is kept; None for the last.
        reweighting: the factors of the events' weights; None where none are wanted.
    """

    schema: Schema
    samples: Sequence[Sample]
    feed: Feed
    splits: dict[str, Tensor]
    truth: Tensor
    source: ViewSource | None
    deposits: Sequence[FileName]
    augmentation: Augmentation | None
    edges: EdgeBuilder | None
    method: Method
    data: EventDataModule
    skipped: Sequence[dict[str, str | int]]
    seconds: float
    validator: Validator | None = None
    reweighting: Mapping[str, Any] | None = None


def prepare(
    settings: Settings,
    plugins: Plugins,
    *,
    base: Path,
    resumed: bool = False,
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Prepared:
    """Check everything, read the events, and build the method.

    Args:
        settings: of the run.
        plugins: the registries.
        base: the folder that relative file names start from.
        resumed: whether the run goes on from a checkpoint, where what was measured to standardise
            the inputs is.
        progress: called while files are read.
        say: called with a line of text for people, where the cache has something to say.

    Raises:
        HitclrError: settings, schema, files or data do not do.
    """
    started = time.perf_counter()
    bad_input = BadInput(settings.data.on_bad_input)
    schema = build_schema(settings, plugins, base)
    require_reweighting(settings, schema, plugins)
    validator = build_validator(settings, plugins)
    augmentation = build_augmentation(settings.views, plugins)
    deposits = build_deposits(settings.views, plugins, schema, base)
    samples = build_samples(settings, base, bad_input)
    check_samples(schema, samples, bad_input)
    feed = open_feed(
        settings.data.feed,
        schema,
        samples,
        bad_input,
        _cache(settings, say),
        buffer=settings.data.buffer or 0,
        classes=settings.data.classes,
        threads=settings.data.threads,
        progress=progress,
    )
    store = feed.store
    lost = sum(int(row["count"]) for row in bad_input.table() if row["unit"] == "file")
    if lost and (settings.data.feed != "memory" or settings.data.cache is not None):
        say(
            f"{lost} file(s) were left out when the cache was made. If they can be read now, "
            f"`hitclr cache clear` lets it be made anew."
        )
    uses = {domain: sample.use for domain, sample in enumerate(samples)}
    fractions = settings.data.split.model_dump(include={"validation", "test"})
    ends = list(itertools.accumulate((len(sample.files) for sample in samples), initial=0))
    first_files = dict(enumerate(ends[:-1]))
    splits = split_events(
        store,
        uses,
        fractions,
        settings.seed,
        first_files=first_files,
        by=settings.data.split.by,
    )
    method = build_method(
        settings,
        plugins,
        num_features=len(schema.features),
        num_classes=len(store.class_names),
    )
    if schema.weight is not None and not method.needs.weights:
        say(f"The method {settings.method.name} does not weigh events: the weight has no effect.")
    truth = store.labels
    names = [sample.name for sample in samples]
    targets = [names.index(name) for name in settings.data.targets]
    if method.needs.target != "labelled":
        feed.store = store = hide_labels(store, targets)
    edges = build_edges(method)
    training = splits["train"]
    if method.needs.labels:
        training = training[store.labels[training] >= 0]
    source = build_views(settings.views, plugins, schema, store, deposits, training)
    data = EventDataModule(
        feed,
        splits,
        method.needs,
        augmentation=augmentation,
        edges=edges,
        batch_size=settings.data.batch_size,
        num_workers=settings.data.num_workers,
        seed=settings.seed,
        source=source,
        buffer=settings.data.buffer,
        targets=targets,
    )
    _require_classes(store, data.splits["train"])
    reweighting = None
    if settings.data.reweight is not None:  # measured on what the method is fed
        reweighted = reweight(settings.data.reweight, store, data.splits)
        feed.store = reweighted.store
        reweighting = reweighted.table
        say(reweighted.line)
    if settings.pretrained is not None:
        say(load_pretrained(settings, method, schema, base))
    elif not resumed:
        _standardise(method, schema, feed, data.splits["train"])
    seconds = time.perf_counter() - started
    return Prepared(
        schema,
        samples,
        feed,
        splits,
        truth,
        source,
        deposits,
        augmentation,
        edges,
        method,
        data,
        bad_input.table(),
        seconds,
        validator,
        reweighting,
    )


def _cache(settings: Settings, say: Callable[[str], None]) -> Cache | None:
    """The cache that the settings mean; None where the events are only in memory."""
    chosen = settings.data.cache
    if chosen is None and settings.data.feed == "memory":
        return None
    if chosen == "run":
        return Cache(Path(settings.out).expanduser() / CACHE, say)
    return Cache(cache_folder(chosen), say)


def _standardise(method: Method, schema: Schema, feed: Feed, training: Tensor) -> None:
    """Set the method's first layer: by the schema's numbers, or those of the training events."""
    fixed = schema.standardise
    if fixed is None:
        method.norm.fit(
            (batch.x, batch.pos) for batch in feed.batches(torch.split(training, _MEASURED))
        )
        return
    moments = [fixed.features[name] for name in schema.feature_names]
    method.norm.set_(
        torch.tensor([one.mean for one in moments]),
        torch.tensor([one.scale for one in moments]),
        torch.tensor(fixed.centre),
        torch.tensor(fixed.length),
    )


def _require_classes(store: EventStore, events: Tensor) -> None:
    labels = store.labels[events]
    counts = torch.bincount(labels[labels >= 0], minlength=len(store.class_names)).tolist()
    empty = [name for name, n in zip(store.class_names, counts, strict=True) if n == 0]
    if empty and len(empty) < len(store.class_names):
        message = (
            f"the split left no training event of class {', '.join(empty)}\n"
            f"  what to do: give more events of it, use smaller fractions under data.split, or "
            f"another seed"
        )
        raise HitclrError(message)


def describe(prepared: Prepared) -> str:
    """What was read, in a sentence or two."""
    store = prepared.feed.store
    sizes = {name: len(events) for name, events in prepared.splits.items()}
    if partners := len(store) - sum(sizes.values()):
        sizes["for views only"] = partners
    parts = ", ".join(f"{size} {name}" for name, size in sizes.items())
    classes = torch.bincount(
        store.labels[store.labels >= 0], minlength=len(store.class_names)
    ).tolist()
    known = [f"{n} {name}" for name, n in zip(store.class_names, classes, strict=True)]
    unknown = len(store) - sum(classes)
    named = ", ".join([*known, *([f"{unknown} unlabelled"] if unknown else [])])
    weights = sum(p.numel() for p in prepared.method.parameters())
    return (
        f"Read {len(store)} events with {store.num_hits} hits in {prepared.seconds:.1f} s "
        f"({named}; {parts}). Skipped: {_skipped(prepared.skipped)}. "
        f"The model has {weights:,} weights."
    )


def _skipped(table: Sequence[dict[str, str | int]]) -> str:
    rows = [f"{row['count']} {row['unit']}(s) of {row['sample']}: {row['reason']}" for row in table]
    return "; ".join(rows) or "nothing"
