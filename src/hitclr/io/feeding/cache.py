"""The columnar cache: events that were read once, for the next run to map into memory."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import platformdirs

from hitclr.errors import InputError, OutputError
from hitclr.events import EventStore
from hitclr.io.feeding.entries import KEY, entry_lock, part_folder, remove_entry
from hitclr.io.feeding.event_folder import open_events
from hitclr.io.feeding.event_folder_writer import EventFolderWriter
from hitclr.io.feeding.output import sync_folder, writing
from hitclr.io.locking import acquire
from hitclr.io.policy import Reason

__all__ = ["Cache", "cache_folder"]

_LOG = logging.getLogger("hitclr")


def cache_folder(setting: str | Path | None) -> Path:
    """The folder of the cache, as an absolute path.

    Args:
        setting: the folder; None for the one that the environment variable ``HITCLR_CACHE`` names
            and, where there is none, the folder for caches of the user.
    """
    chosen = setting if setting is not None else os.environ.get("HITCLR_CACHE") or None
    if chosen is None:
        return platformdirs.user_cache_path("hitclr")
    return Path(chosen).expanduser().absolute()


class Cache:
    """Folders of events, each kept under a key that says all that decides on its content.

    Several processes may use one cache. Who reads needs no right to write, and no lock.

    Args:
        root: the cache's folder; it is made when the first entry is built.
        say: takes sentences about what happens: that it waits, that an entry is damaged.
    """

    def __init__(self, root: Path, say: Callable[[str], None] = _LOG.info) -> None:
        self._root = root.absolute()
        self._say = say

    def fetch(
        self, key: str, build: Callable[[EventFolderWriter], None]
    ) -> tuple[EventStore, dict[str, Any]]:
        """The events that are kept under a key, built first where there are none.

        An entry appears when it is whole. What fails leaves none. If another process builds the
        same entry, this one waits and takes that one's. A damaged entry is made anew.

        Args:
            key: 64 hexadecimal digits, such as `fingerprint` gives.
            build: appends the events to the writer and finishes it.

        Returns:
            The events and the metadata, as `open_events` gives them.

        Raises:
            ValueError: the key is none.
            InputError: there is an entry and it cannot be read.
            OutputError: the entry cannot be written, or ``build`` did not finish the writer.
        """
        if not KEY.fullmatch(key):
            message = f"expected 64 hexadecimal digits as a key of the cache, got {key!r}"
            raise ValueError(message)
        found = self._open(key)
        if found is None:
            with self._locked(key):
                found = self._open(key, self._say) or self._build(key, build)
        with suppress(OSError):  # who may only read leaves no trace
            os.utime(self._root / key)
        return found

    def _open(
        self, key: str, say: Callable[[str], None] | None = None
    ) -> tuple[EventStore, dict[str, Any]] | None:
        """The entry; None if there is none, or if it is damaged, which is said."""
        entry = self._root / key
        try:
            return open_events(entry)
        except InputError as fault:
            if fault.reason != Reason.DAMAGED_FILE:
                raise
            if say is not None and os.path.lexists(entry):
                say(f"an entry of the cache is damaged and is made anew: {fault}")
        return None

    @contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        """Hold the lock of an entry; say so if that takes time."""
        lock = entry_lock(self._root, key)
        said = f"another process makes this entry of the cache in {self._root}; waiting"
        with writing(self._root):
            self._root.mkdir(parents=True, exist_ok=True)
            acquire(lock, lambda: self._say(said))
        try:
            yield
        finally:
            lock.release()

    def _build(
        self, key: str, build: Callable[[EventFolderWriter], None]
    ) -> tuple[EventStore, dict[str, Any]]:
        """Build the entry in a folder beside it and move that into place."""
        remove_entry(self._root, key)
        part, entry = part_folder(self._root, key), self._root / key
        try:
            with EventFolderWriter(part) as writer:
                build(writer)
            with writing(entry):
                part.rename(entry)
                sync_folder(self._root)
        except BaseException:
            with suppress(OutputError):  # the next builder tries again
                remove_entry(self._root, key, only_part=True)
            raise
        return open_events(entry)
