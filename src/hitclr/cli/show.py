"""What commands print: progress, tables, the end of a run."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

if TYPE_CHECKING:
    import lightning as L

    from hitclr.io import Progress as ReadProgress
    from hitclr.runs import TrainedRun

__all__ = ["console", "read_progress", "say", "show_run", "show_skipped", "training_callbacks"]

console = Console(highlight=False)


def say(text: str) -> None:
    """Print a line, wrapped, whatever brackets it has."""
    console.print(text, markup=False)


@contextmanager
def read_progress(what: str) -> Iterator[ReadProgress]:
    """A progress display for reading files, to be called with (file, done, total)."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        tasks: dict[str, Any] = {}

        def update(file: str, done: int, total: int) -> None:
            if file not in tasks:
                tasks[file] = progress.add_task(f"{what} {Path(file).name[:40]}", total=total)
            progress.update(tasks[file], completed=done)
            if done >= total:
                progress.remove_task(tasks.pop(file))

        yield update


def training_callbacks() -> list[L.Callback]:
    """A progress bar where there is a terminal; a line per epoch where there is none.

    Lightning's own remarks (devices, tips) are silenced below warnings.
    """
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    if sys.stdout.isatty():
        from lightning.pytorch.callbacks import RichProgressBar

        return [RichProgressBar(leave=False)]
    from hitclr.cli.epoch_lines import EpochLines

    return [EpochLines(say)]


def show_skipped(rows: Sequence[dict[str, str | int]]) -> None:
    """Print what the bad-input policy left out; nothing where nothing was."""
    if not rows:
        return
    table = Table("count", "of", "reason", "sample", "class", title="Skipped")
    for row in rows:
        cells = (row["count"], row["unit"], row["reason"], row["sample"], row["class"] or "-")
        table.add_row(*(str(cell) for cell in cells))
    console.print(table)


def show_run(run: TrainedRun) -> None:
    """Print the scores of a run and where its files are."""
    table = Table("sample", "metric", "value", "95 % interval", "events", title="Test events")
    for row in run.evaluation.scores:
        value = "-" if row["value"] is None else f"{row['value']:.3f}"
        interval = "-" if row["low"] is None else f"{row['low']:.3f} to {row['high']:.3f}"
        sample = row["sample"] or "(all)"
        table.add_row(sample, row["metric"], value, interval, str(row["events"]))
    console.print(table)
    show_skipped(run.skipped)
    say(f"model:  {run.model}\nreport: {run.report}")
