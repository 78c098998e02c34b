"""``hitclr embed``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["embed"]


def embed(
    checkpoint: Annotated[
        Path, typer.Argument(help="The model.ckpt of a finished run.", show_default=False)
    ],
    files: Annotated[list[str], typer.Argument(help="ROOT files, or URLs.", show_default=False)],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            help="The file to write: a ROOT tree if it ends in .root, parquet if in .parquet.",
            show_default=False,
        ),
    ],
    on_bad_input: Annotated[
        str,
        typer.Option(
            help="'raise' stops at an entry that cannot be used; 'skip' marks it in the column "
            "status and goes on.",
        ),
    ] = "raise",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT.")] = False,
) -> None:
    """Write embeddings and scores of ROOT files, row for row with the entries."""
    from hitclr.cli.show import read_progress, say, show_skipped
    from hitclr.errors import SettingsError
    from hitclr.io.files import file_name
    from hitclr.plugins import load_plugins
    from hitclr.runs import embed_files

    if on_bad_input not in ("raise", "skip"):
        message = f"--on-bad-input: expected raise or skip, got {on_bad_input!r}"
        raise SettingsError(message)
    with read_progress("embedding") as progress:
        skipped = embed_files(
            checkpoint,
            [file_name(name, Path()) for name in files],
            out,
            load_plugins(),
            on_bad_input="skip" if on_bad_input == "skip" else "raise",
            overwrite=overwrite,
            progress=progress,
        )
    show_skipped(skipped)
    say(f"wrote {out}: one row for each entry of {len(files)} file(s)")
