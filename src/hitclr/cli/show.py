"""What commands print: progress, tables, the end of a run."""

from __future__ import annotations

import logging
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

if TYPE_CHECKING:
    import lightning as L

    from hitclr.config import Settings
    from hitclr.io import Progress as ReadProgress
    from hitclr.plugins import Plugins
    from hitclr.runs import TrainedRun

__all__ = ["console", "read_progress", "say", "show_skipped", "train_and_show"]

console = Console(highlight=False, emoji=False)


def say(text: str, *, whole: bool = False) -> None:
    """Print a line, wrapped, whatever brackets it has.

    Args:
        text: the line.
        whole: leave it in one, so that a command or a path in it can be copied.
    """
    console.print(text, markup=False, soft_wrap=whole)


@contextmanager
def read_progress(what: str) -> Iterator[ReadProgress]:
    """A progress display for reading files, to be called with (file, done, total).

    It is on the screen while a file is being read, and leaves it to others in between.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with ExitStack() as shown:

        def update(file: str, done: int, total: int) -> None:
            if file not in tasks:
                shown.close()
                tasks.clear()
                progress = shown.enter_context(Progress(*columns, console=console, transient=True))
                task = progress.add_task(f"{what} {Path(file).name[:40]}", total=total)
                tasks[file] = progress, task
            progress, task = tasks[file]
            progress.update(task, completed=done)
            if done >= total:
                shown.close()
                tasks.clear()

        tasks: dict[str, tuple[Progress, TaskID]] = {}
        yield update


def _training_callbacks() -> list[L.Callback]:
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
        table.add_row(*(escape(str(cell)) for cell in cells))
    console.print(table)


def train_and_show(
    settings: Settings,
    plugins: Plugins,
    base: Path,
    *,
    resume: bool,
    overwrite: bool,
    again: Sequence[str],
) -> None:
    """Train with progress on the screen, and print the scores.

    Args:
        settings: of the run.
        plugins: the registries.
        base: the folder that relative file names in the settings start from.
        resume: go on with an interrupted run.
        overwrite: delete an earlier run first.
        again: the command that goes on with this run, for the message after Ctrl-C, without
            ``hitclr`` and the options before the command.
    """
    from hitclr.runs import train
    from hitclr.runs.folder import CHECKPOINTS, LAST

    try:
        with read_progress("reading") as progress:
            run = train(
                settings,
                plugins,
                base=base,
                resume=resume,
                overwrite=overwrite,
                callbacks=_training_callbacks(),
                progress=progress,
                say=say,
            )
    except KeyboardInterrupt:
        if (Path(settings.out).expanduser() / CHECKPOINTS / LAST).exists():
            left_out = [f"--no-plugin={name}" for name in plugins.disabled]
            command = shlex.join(["hitclr", *left_out, *again])
            say(f"Interrupted. Go on with: {command}", whole=True)
        else:
            say("Interrupted before the end of the first epoch: nothing to go on from.")
        raise typer.Exit(130) from None
    if run is not None:
        _show_run(run)


def _show_run(run: TrainedRun) -> None:
    """Print the scores of a run and where its files are."""
    table = Table("sample", "metric", "value", "95 % interval", "events", title="Test events")
    for row in run.evaluation.scores:
        value = "-" if row["value"] is None else f"{row['value']:.3f}"
        interval = "-" if row["low"] is None else f"{row['low']:.3f} to {row['high']:.3f}"
        sample = escape(row["sample"]) or "(all)"
        table.add_row(sample, row["metric"], value, interval, str(row["events"]))
    console.print(table)
    show_skipped(run.skipped)
    say(f"model:  {run.model}\nreport: {run.report}", whole=True)
