"""Writes a folder of events, chunk by chunk."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from typing_extensions import Self

from hitclr import fields
from hitclr.errors import OutputError
from hitclr.events import EventStore
from hitclr.io.feeding.event_folder import (
    CLUSTERS,
    EVENTS,
    FORMAT,
    HITS,
    META,
    PTR,
    VERSION,
)
from hitclr.io.feeding.npy import NpyWriter
from hitclr.io.feeding.output import sync_folder, writing
from hitclr.io.feeding.plain import check_plain

__all__ = ["EventFolderWriter"]

_LEVELS = (HITS, EVENTS)
_OFFSETS = "offsets"


class EventFolderWriter:
    """Writes a folder of events that `open_events` opens. It holds one chunk at a time.

    Append the chunks, then finish. Use it as a context manager: if the block fails, or ends without
    `finish`, what was written stays without ``meta.json``, and so is no folder of events.

    Args:
        folder: the folder, which does not exist yet.

    Raises:
        OutputError: the folder cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, dict[str, NpyWriter]] = {}
        self._feature_names: tuple[str, ...] = ()
        self._num_hits = self._num_events = 0
        self._clusters_known = False
        self._state = "open"
        with writing(folder):
            folder.mkdir()
            for level in _LEVELS:
                (folder / level).mkdir()

    def append(self, store: EventStore) -> None:
        """Append events. The first store, even one of no events, decides on columns and types.

        Its names other than those of the features do not matter: `finish` takes them. Clusters are
        joined as `StoreBuilder` joins them.

        Raises:
            OutputError: the store has other columns, types or features than the first; a column
                has not one row for each hit or event, or numpy does not know its type; offsets do
                not fit; or the disk is full, or the folder cannot be written for another reason.
        """
        hits = {name: self._array(name, column) for name, column in store.hits.items()}
        events = {name: self._array(name, column) for name, column in store.events.items()}
        columns = {HITS: hits, EVENTS: events}
        self._check(store, columns)
        with self._working():
            if self._files:
                self._clusters_known = True  # each store is at least one
            else:
                self._start(store, columns)
                self._clusters_known = store.clusters is not None
            for level in _LEVELS:
                for name, file in self._files[level].items():
                    file.append(columns[level][name])
            clusters = np.array([0, len(store)])
            if store.clusters is not None:
                clusters = store.clusters.numpy(force=True)
            offsets = self._files[_OFFSETS]
            offsets[PTR].append(store.ptr.numpy(force=True)[1:] + self._num_hits)
            offsets[CLUSTERS].append(clusters[1:] + self._num_events)
            self._num_hits += store.num_hits
            self._num_events += len(store)

    def mark(self) -> tuple[int, ...]:
        """How far the writing has come, for `rewind`."""
        clusters = self._files[_OFFSETS][CLUSTERS].form.shape[0] if self._files else 1
        return (self._num_hits, self._num_events, clusters)

    def rewind(self, mark: tuple[int, ...]) -> None:
        """Drop what was appended after ``mark`` was given.

        Raises:
            OutputError: the folder cannot be written.
        """
        if not self._files:
            return
        hits, events, clusters = mark
        with self._working():
            for level, rows in ((HITS, hits), (EVENTS, events)):
                for file in self._files[level].values():
                    file.rewind(rows)
            self._files[_OFFSETS][PTR].rewind(events + 1)
            self._files[_OFFSETS][CLUSTERS].rewind(clusters)
        self._num_hits, self._num_events = hits, events

    def finish(
        self,
        *,
        feature_names: Sequence[str],
        feature_units: Sequence[str] = (),
        position_unit: str = "",
        class_names: Sequence[str] = (),
        domain_names: Sequence[str] = (),
        files: Sequence[str] = (),
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Write the names and the metadata, and see that all is on the disk.

        Args:
            feature_names: [F] as in `EventStore`; those of the stores.
            feature_units: [F] as in `EventStore`.
            position_unit: as in `EventStore`.
            class_names: as in `EventStore`.
            domain_names: as in `EventStore`.
            files: as in `EventStore`.
            metadata: anything else that belongs to the events: plain data, as for `fingerprint`.
                Lists and tuples come back as lists. A ``title`` is shown where entries of the cache
                are listed.

        Raises:
            OutputError: nothing was appended; the stores have other features; or the disk is full,
                or the folder cannot be written for another reason.
            SettingsError: the metadata are not plain data.
        """
        check_plain(metadata or {}, "metadata")
        if not self._files:
            message = (
                f"{self._folder}: expected events before the end; append a store of no events "
                f"where there are none, so that the columns are known"
            )
            raise OutputError(message)
        if tuple(feature_names) != self._feature_names:
            message = (
                f"{self._folder}: expected the feature names of the stores, "
                f"{list(self._feature_names)}, got {list(feature_names)}"
            )
            raise OutputError(message)
        forms = {
            level: {name: file.form for name, file in files_of.items()}
            for level, files_of in self._files.items()
        }
        content = {
            "format": FORMAT,
            "version": VERSION,
            HITS: forms[HITS],
            EVENTS: forms[EVENTS],
            **forms[_OFFSETS],
            "clusters_known": self._clusters_known,
            "feature_names": list(feature_names),
            "feature_units": list(feature_units),
            "position_unit": position_unit,
            "class_names": list(class_names),
            "domain_names": list(domain_names),
            "files": list(files),
            "metadata": metadata or {},
        }
        text = json.dumps(content, indent=1, default=dict)
        with self._working():
            for files_of in self._files.values():
                for column in files_of.values():
                    column.finish()
            with (self._folder / META).open("x", encoding="ascii") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            for folder in (self._folder / HITS, self._folder / EVENTS, self._folder):
                sync_folder(folder)
        self._state = "finished"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for files_of in self._files.values():
            for file in files_of.values():
                with suppress(OSError):  # what could not be written has been told
                    file.close()
        if kind is None and self._state != "finished":
            message = (
                f"{self._folder}: the events are not whole, expected a call of finish that ends "
                f"well; the writer is {self._state}"
            )
            raise OutputError(message)

    @contextmanager
    def _working(self) -> Iterator[None]:
        """Refuse to go on when finished, or after a step that did not come to its end."""
        if self._state != "open":
            message = f"{self._folder}: nothing can be written, the writer is {self._state}"
            raise OutputError(message)
        self._state = "broken"
        with writing(self._folder):
            yield
        self._state = "open"

    def _array(self, name: str, column: Tensor) -> NDArray[Any]:
        try:
            return column.numpy(force=True)
        except TypeError as fault:
            message = (
                f"{self._folder}: column {name!r} has the type {column.dtype}, unknown to numpy"
            )
            raise OutputError(message) from fault

    def _start(self, store: EventStore, columns: Mapping[str, Mapping[str, NDArray[Any]]]) -> None:
        """Make the files for the columns of the first store."""
        self._feature_names = store.feature_names
        self._files = {level: {} for level in (*_LEVELS, _OFFSETS)}
        for level in _LEVELS:
            for name, values in columns[level].items():
                path = self._folder / level / f"{name}.npy"
                self._files[level][name] = NpyWriter(path, values.dtype, values.shape[1:])
        for name in (PTR, CLUSTERS):
            path = self._folder / f"{name}.npy"
            self._files[_OFFSETS][name] = NpyWriter(path, np.dtype(np.int64), ())
            self._files[_OFFSETS][name].append(np.zeros(1, dtype=np.int64))

    def _check(self, store: EventStore, columns: Mapping[str, Mapping[str, NDArray[Any]]]) -> None:
        """Check a store against itself and the first one, before anything is written."""
        rows = {HITS: store.num_hits, EVENTS: len(store)}
        for level in _LEVELS:
            for name, values in columns[level].items():
                if values.shape[:1] != (rows[level],) or not name.isidentifier():
                    message = (
                        f"{self._folder}: expected a column of the {level} with a name for Python "
                        f"and {rows[level]} rows, got {name!r} of the shape {values.shape}"
                    )
                    raise OutputError(message)
        ends = [int(store.ptr[0])]
        if store.clusters is not None:
            ends += store.clusters[[0, -1]].tolist()
        if ends not in ([0], [0, 0, len(store)]):
            message = (
                f"{self._folder}: expected offsets of hits from 0, and of clusters from 0 to "
                f"{len(store)}, got {ends}"
            )
            raise OutputError(message)
        features = columns[HITS].get(fields.X)
        if features is not None and features.shape[1:] != (len(store.feature_names),):
            message = (
                f"{self._folder}: expected a name for each column of x {features.shape}, got "
                f"{list(store.feature_names)}"
            )
            raise OutputError(message)
        if not self._files:
            return
        if store.feature_names != self._feature_names:
            message = (
                f"{self._folder}: expected the features of the stores before, "
                f"{list(self._feature_names)}, got {list(store.feature_names)}"
            )
            raise OutputError(message)
        for level in _LEVELS:
            first = {
                name: (file.form.dtype, *file.form.shape[1:])
                for name, file in self._files[level].items()
            }
            now = {name: (v.dtype.str, *v.shape[1:]) for name, v in columns[level].items()}
            if now != first:
                message = (
                    f"{self._folder}: expected the columns of the stores before, {level}: {first}, "
                    f"got {now}"
                )
                raise OutputError(message)
