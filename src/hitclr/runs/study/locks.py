"""Several calls of `hitclr study` on one folder: what one of them makes, no other makes too."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from hitclr.io.disk import writing

__all__ = ["locked"]

_LOG = logging.getLogger("hitclr")
_SILENT = 1.0  # seconds before it says that it waits


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
        held = _acquired(lock, _SILENT if patience is None else patience)
        if not held and patience is None:
            _LOG.warning("another call of `hitclr study` has work in %s; waiting for it", folder)
            held = _acquired(lock, -1)
    try:
        yield held
    finally:
        if held:
            lock.release()


def _acquired(lock: BaseFileLock, timeout: float) -> bool:
    try:
        lock.acquire(timeout=timeout)
    except Timeout:  # an OSError
        return False
    return True
