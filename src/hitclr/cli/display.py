"""``hitclr display``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["display"]


def display(
    file: Annotated[Path, typer.Argument(help="The ROOT file.", show_default=False)],
    event: Annotated[int, typer.Option("--event", help="The entry, counted from 0.")] = 0,
    out: Annotated[
        Path, typer.Option("--out", help="The picture to write: png, pdf or svg.")
    ] = Path("event.png"),
    schema: Annotated[
        str | None,
        typer.Option(
            "--schema",
            help="A registered schema or a YAML file. By default that of the detector that the "
            "file was simulated with, else a guess.",
            show_default=False,
        ),
    ] = None,
    deposits: Annotated[
        Path | None,
        typer.Option(
            "--deposits",
            help="The true deposits, from hitclr simulate --deposits; drawn under the hits.",
            show_default=False,
        ),
    ] = None,
    by_id: Annotated[
        bool, typer.Option("--by-id", help="EVENT is an event's id, not its entry.")
    ] = False,
) -> None:
    """Draw one event: in space and in three projections, the charge in colour."""
    from hitclr.cli.show import say
    from hitclr.plugins import load_plugins
    from hitclr.runs.display import display_event

    made = display_event(
        file, event, out, load_plugins(), schema=schema, deposits=deposits, by_id=by_id
    )
    say(f"{made.title}\nwrote {out}", whole=True)
