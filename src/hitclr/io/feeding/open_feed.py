"""From samples to a feed, through the cache where one is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import hitclr
from hitclr.errors import InputError
from hitclr.events import EventStore
from hitclr.heap import trim_heap
from hitclr.io.feeding.cache import Cache
from hitclr.io.feeding.event_folder_writer import EventFolderWriter
from hitclr.io.feeding.feed import Feed, StoredFeed
from hitclr.io.feeding.plain import fingerprint
from hitclr.io.feeding.stream import StreamedFeed
from hitclr.io.files import FileName, identity
from hitclr.io.files import fingerprint as file_fingerprint
from hitclr.io.policy import BadInput
from hitclr.io.reading import Progress, Sample, class_names, read_into, read_samples
from hitclr.io.schema import LabelRule, Schema

__all__ = ["FeedKind", "describe_file", "open_feed"]

FeedKind = Literal["memory", "mapped", "stream"]
"""Where the hits of a batch come from: memory, a memory-mapped cache, or the ROOT files."""


def open_feed(
    kind: FeedKind,
    schema: Schema,
    samples: Sequence[Sample],
    bad_input: BadInput,
    cache: Cache | None,
    *,
    buffer: int,
    classes: Sequence[str] | None = None,
    threads: int = 1,
    progress: Progress | None = None,
) -> Feed:
    """The events of samples, read once, or taken from the cache.

    Args:
        kind: ``memory``: all hits are in memory. ``mapped``: they are in the cache, mapped into
            memory. ``stream``: they are read as they are needed; the cache has all but them.
        schema: how branches become events.
        samples: what to read.
        bad_input: the policy; it also counts what is skipped, or was when the cache was made.
        cache: the cache; without one the events in memory are read from ROOT.
        buffer: how many events a stream holds at a time.
        classes: the class names in the order of ``y``; without it, in order of first mention.
        threads: how many threads read and unpack branches at the same time.
        progress: called after each chunk that is read from ROOT.

    Raises:
        InputError: as `read_samples`.
        SchemaError: as `read_samples`.
        OutputError: the cache cannot be written.
        ValueError: no cache is given, and what is asked for needs one.
    """
    if cache is None:
        if kind != "memory":
            message = f"the feed {kind!r} needs a cache"
            raise ValueError(message)
        return StoredFeed(
            read_samples(
                schema, samples, bad_input, classes=classes, threads=threads, progress=progress
            )
        )
    with_hits = kind != "stream"

    def build(writer: EventFolderWriter) -> None:
        skipped = BadInput(bad_input.policy)
        names = read_into(
            writer if with_hits else _WithoutHits(writer),
            schema,
            samples,
            skipped,
            classes=classes,
            threads=threads,
            progress=progress,
        )
        writer.finish(
            feature_names=names.feature_names,
            feature_units=names.feature_units,
            position_unit=names.position_unit,
            class_names=names.class_names,
            domain_names=names.domain_names,
            files=names.files,
            metadata={
                "title": f"{schema.name}: {', '.join(names.domain_names)}",
                "skipped": skipped.table(),
            },
        )

    key = fingerprint(
        {
            "hitclr": hitclr.__version__,
            "hits": with_hits,
            "schema": schema.model_dump(mode="json"),
            "samples": [_describe_sample(sample, schema) for sample in samples],
            "classes": list(class_names(schema, samples) if classes is None else classes),
            "policy": bad_input.policy,
        }
    )
    store, metadata = cache.fetch(key, build)
    trim_heap()  # what the reading has freed, so that an epoch does not start on top of it
    bad_input.restore(metadata["skipped"])
    if kind == "stream":
        return StreamedFeed(store, schema, samples, buffer, threads=threads)
    return StoredFeed(_in_memory(store) if kind == "memory" else store)


class _WithoutHits:
    """A sink that hands everything on but the hits."""

    def __init__(self, sink: EventFolderWriter) -> None:
        self._sink = sink

    def append(self, part: EventStore) -> None:
        self._sink.append(replace(part, hits={}))

    def mark(self) -> tuple[int, ...]:
        return self._sink.mark()

    def rewind(self, mark: tuple[int, ...]) -> None:
        self._sink.rewind(mark)


def _in_memory(store: EventStore) -> EventStore:
    """A copy in memory."""
    return replace(
        store,
        hits={name: column.clone() for name, column in store.hits.items()},
        events={name: column.clone() for name, column in store.events.items()},
        ptr=store.ptr.clone(),
    )


def _describe_sample(sample: Sample, schema: Schema) -> dict[str, Any]:
    """All that decides on what is read of a sample, as plain values."""
    labelling = sample.labelling(schema)
    rule = labelling.model_dump(mode="json") if isinstance(labelling, LabelRule) else labelling
    return {
        "name": sample.name,
        "labelling": rule,
        "entries": list(sample.entries),
        "fraction": sample.fraction,
        "files": [describe_file(file) for file in sample.files],
    }


def describe_file(file: FileName) -> Mapping[str, str | int]:
    """What a file is called, and what tells its state from another.

    A file that cannot be read is described by what is wrong with it.
    """
    try:
        return {"file": identity(file), **file_fingerprint(file)}
    except InputError as error:
        return {"file": identity(file), "fault": str(error.reason)}
