"""``hitclr study compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["compare"]


def compare(
    first: Annotated[Path, typer.Argument(help="The folder of a study.", show_default=False)],
    second: Annotated[
        Path,
        typer.Argument(help="That of another; differences are this one's.", show_default=False),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="A folder for a page with all of it.", show_default=False),
    ] = None,
) -> None:
    """Set two studies side by side: settings, accuracies with the intervals of the differences.

    Differences are paired where both have the same test events and seeds.
    """
    from rich.markup import escape
    from rich.table import Table

    from hitclr.cli.show import console, say
    from hitclr.io.disk import writing
    from hitclr.reports.study.two_studies import write_two_studies
    from hitclr.runs.study import compare_studies

    found = compare_studies(first, second)
    one, other = map(escape, found.names)
    if found.settings:
        table = Table("what differs", one, other, title="Settings and versions")
        for row in found.settings:
            table.add_row(*(escape(text or "-") for text in (row.key, row.first, row.second)))
        console.print(table)
    for quantity in ("mean", "worst"):
        changes = found.of(quantity)
        if not changes:
            continue
        header = ("method", "trained on", one, other, "difference", "95 % interval", "paired")
        over = "mean over throws" if quantity == "mean" else "worst throw"
        table = Table(*header, title=f"Accuracy, {over}")
        for change in changes:
            values = [
                "-" if value is None else f"{value:.3f}"
                for value in (change.first[0], change.second[0])
            ]
            difference = "-" if change.difference is None else f"{change.difference:+.3f}"
            interval = "-"
            if change.low is not None and change.high is not None:
                interval = f"{change.low:+.3f} to {change.high:+.3f}"
            names = (escape(change.method), escape(change.domain))
            paired = "yes" if change.paired else f"no: {change.note}"
            table.add_row(*names, *values, difference, interval, escape(paired))
        console.print(table)
    if found.cells:
        table = Table("training", one, other, title="Trainings that are done, where they differ")
        for kind, *numbers in found.cells:
            table.add_row(escape(kind), *map(str, numbers))
        console.print(table)
    for line in found.summary():
        say(line)
    if out is not None:
        with writing(out):
            out.mkdir(parents=True, exist_ok=True)
        say(f"page: {write_two_studies(out, found)}", whole=True)
