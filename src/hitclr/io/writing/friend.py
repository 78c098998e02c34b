"""Results as a ROOT tree that runs parallel to the input tree, row for row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import uproot
from numpy.typing import NDArray

from hitclr.io.writing.results import ResultWriter

__all__ = ["FriendWriter"]

# Embeddings hardly compress, so that the fastest algorithm will do.
_COMPRESSION = uproot.ZSTD(1)


class FriendWriter(ResultWriter):
    """Writes results as a TTree. Its metadata lies beside it, the string ``<name>_info``.

    Row i belongs to entry i of the input files, one after the other: it is a friend
    (``TTree::AddFriend``) of the input tree, or of a ``TChain`` of several in the same order.
    """

    def _open(
        self, name: str, columns: Mapping[str, np.dtype[Any]], metadata: Mapping[str, Any]
    ) -> None:
        self._file = uproot.recreate(self._part, compression=_COMPRESSION)
        self._file[f"{name}_info"] = json.dumps(metadata)
        self._tree = self._file.mktree(name, dict(columns))

    def _write(self, rows: Mapping[str, NDArray[Any]]) -> None:
        self._tree.extend(dict(rows))

    def _close(self) -> None:
        self._file.close()
