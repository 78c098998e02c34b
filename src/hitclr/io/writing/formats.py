"""The writer that fits a file's name."""

from __future__ import annotations

from pathlib import Path

from hitclr.errors import OutputError
from hitclr.io.writing.friend import FriendWriter
from hitclr.io.writing.parquet import ParquetWriter, require_pyarrow
from hitclr.io.writing.results import ResultWriter

__all__ = ["result_writer"]


def result_writer(path: Path) -> type[ResultWriter]:
    """The class that writes results to ``path``: the suffix decides. Nothing is written yet.

    Raises:
        OutputError: the suffix is neither of the two that are known.
        MissingExtraError: the package for this format is not installed.
    """
    if path.suffix == ".root":
        return FriendWriter
    if path.suffix == ".parquet":
        require_pyarrow()
        return ParquetWriter
    message = (
        f"expected an output file that ends in .root or .parquet, got {path}\n"
        f"  what to do: end the name in .root for a ROOT tree, in .parquet for a parquet file"
    )
    raise OutputError(message)
