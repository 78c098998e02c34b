"""Several calls of `hitclr study` on one folder: what one of them makes, no other makes too."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from hitclr.io.disk import writing
from hitclr.io.locking import acquire

__all__ = ["locked"]

_LOG = logging.getLogger("hitclr")
_WAITS = "another call of `hitclr study` has work in %s; waiting for it"


@contextmanager
def locked(folder: Path, patience: float | None = None) -> Iterator[bool]:
    """Hold the lock of a folder, which ends with the process that holds it.

    Args:
        folder: it is made where it is not there; the lock is its file ``.lock``.
        patience: how many seconds to wait for another process; for ever without, which is said.

    Yields:
        Whether the lock is held.

    Raises:
        OutputError: the folder cannot be written to.
    """
    lock = FileLock(folder / ".lock")
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        held = acquire(lock, lambda: _LOG.warning(_WAITS, folder), patience=patience)
    try:
        yield held
    finally:
        if held:
            lock.release()
