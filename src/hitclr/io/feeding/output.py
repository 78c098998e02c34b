"""What goes wrong with disk and folder, told as `OutputError`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hitclr.errors import OutputError

__all__ = ["sync_folder", "writing"]


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Tell an `OSError` of the block as `OutputError`, with advice.

    Args:
        path: what is written, for the message.

    Raises:
        OutputError: the disk is full, a folder is not writable, ...
    """
    try:
        yield
    except OSError as fault:
        message = (
            f"cannot write {path}: {fault.strerror or fault}\n"
            f"  what to do: see that the folder is writable and the disk has room; for the cache, "
            f"the environment variable HITCLR_CACHE names another folder"
        )
        raise OutputError(message) from fault


def sync_folder(folder: Path) -> None:
    """See that the names in a folder are on the disk.

    Raises:
        OSError: the folder cannot be opened, or the disk fails.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
