"""A ROOT file that appears when it is complete."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import uproot

from hitclr.io.writing.output import Output

__all__ = ["RootOutput"]


class RootOutput(Output):
    """A ROOT file that is written under another name and gets its own when it is complete.

    Args:
        path: the file to write; its folder is made.
        compression: uproot's compression, such as ``uproot.LZ4(1)``; uproot's default without.

    Raises:
        OutputError: the file cannot be written.
    """

    def __init__(self, path: Path, compression: Any = None) -> None:
        super().__init__(path)
        chosen = {} if compression is None else {"compression": compression}
        with self._writing():
            self._file = uproot.recreate(self._part, **chosen)

    def _close(self) -> None:
        self._file.close()
