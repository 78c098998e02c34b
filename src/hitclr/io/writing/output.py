"""A file that appears when it is complete."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from typing_extensions import Self

from hitclr.errors import OutputError
from hitclr.io.disk import writing

__all__ = ["Output"]


class Output(ABC):
    """A file that is written under another name and gets its own when it is complete.

    Use it as a context manager: if the block fails or is interrupted, no file is left behind, and
    one that was there before stays as it was. A class for one kind of file opens ``_part`` and says
    in `_close` how to close it.

    Args:
        path: the file to write; its folder is made.

    Raises:
        OutputError: the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._part = path.with_name(f".{path.name}.part")
        with self._writing():
            if path.is_dir():
                raise IsADirectoryError(0, "it is a folder")
            path.parent.mkdir(parents=True, exist_ok=True)

    @abstractmethod
    def _close(self) -> None:
        """Close the part."""

    def _flush(self) -> None:
        """Write what is held back; called before `_close` where nothing has gone wrong."""
        return

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Tell what goes wrong with disk and folder as `OutputError`; the part is given up."""
        try:
            with writing(self.path):
                yield
        except OutputError:
            with suppress(OSError):
                self._part.unlink()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            try:
                if kind is None:
                    self._flush()
            finally:
                with self._writing():
                    self._close()
            if kind is None:
                with self._writing():
                    self._part.replace(self.path)
        except OutputError:
            if kind is None:
                raise
        finally:
            self._part.unlink(missing_ok=True)
