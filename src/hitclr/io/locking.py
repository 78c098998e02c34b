"""Locks between processes, with a word where one has to wait."""

from __future__ import annotations

from collections.abc import Callable

from filelock import BaseFileLock, Timeout

__all__ = ["acquire"]

_SILENT = 1.0  # seconds before it is said that a process waits


def acquire(
    lock: BaseFileLock, waits: Callable[[], object], *, patience: float | None = None
) -> bool:
    """Acquire a lock that another process may hold.

    Args:
        lock: the lock; its holder releases it.
        waits: called once where it takes longer than a moment and there is no end to the patience.
        patience: how many seconds to wait; for ever without.

    Returns:
        Whether it was acquired; without a patience always.

    Raises:
        OSError: the lock's file cannot be written.
    """
    try:
        lock.acquire(timeout=_SILENT if patience is None else patience)
    except Timeout:  # an OSError
        if patience is not None:
            return False
        waits()
        lock.acquire(timeout=-1)
    return True
