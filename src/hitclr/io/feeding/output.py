"""Writing into the cache, and seeing that it is on the disk."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from pathlib import Path

from hitclr.io import disk

__all__ = ["sync_folder", "writing"]


def writing(path: Path) -> AbstractContextManager[None]:
    """As `hitclr.io.disk.writing`, with a word on the cache."""
    return disk.writing(
        path, "; for the cache, the environment variable HITCLR_CACHE names another folder"
    )


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
