"""What goes wrong with disk and folder, told as `OutputError`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hitclr.errors import OutputError

__all__ = ["writing"]


@contextmanager
def writing(path: Path, besides: str = "") -> Iterator[None]:
    """Tell an `OSError` of the block as `OutputError`, with advice.

    Args:
        path: what is written, for the message.
        besides: further advice.

    Raises:
        OutputError: the disk is full, a folder is not writable, ...
    """
    try:
        yield
    except OSError as fault:
        message = (
            f"cannot write {path}: {fault.strerror or fault}\n"
            f"  what to do: see that the folder is writable and the disk has room{besides}"
        )
        raise OutputError(message) from fault
