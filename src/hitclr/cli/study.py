"""``hitclr study``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from hitclr.cli.study_compare import compare

if TYPE_CHECKING:
    from hitclr.plugins import Plugins
    from hitclr.runs.study import Study

__all__ = ["study"]

_RUN = "run"


class _Study(TyperGroup):
    """`hitclr study FILE` runs the study; `hitclr study compare A B` is another command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put in the command that is meant where none is named."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = [_RUN, *args]
        return super().parse_args(ctx, args)


study = typer.Typer(
    cls=_Study,
    no_args_is_help=True,
    help="Compare methods under changes of the detector: `hitclr study FILE`. Its options: "
    "`hitclr study run --help`.",
)
study.command("compare")(compare)


@study.command(_RUN)
def _run(
    config: Annotated[Path, typer.Argument(help="The study file (YAML).", show_default=False)],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            help="Overrides such as seeds=[1] settings.trainer.epochs=5.", metavar="KEY=VALUE..."
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder of the study.", show_default=False)] = Path(
        "study"
    ),
    size: Annotated[
        str | None, typer.Option(help="One of the sizes that the study file has.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Cells to run, as in 'dann/*'; may be given several times."),
    ] = None,
    processes: Annotated[int, typer.Option(min=1, help="How many cells run at the same time.")] = 1,
    threads: Annotated[
        int | None,
        typer.Option(min=1, help="Threads of each.", show_default="the cores, shared out"),
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(help="A Dask scheduler whose workers run the cells.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the cells, and how long they will take.")
    ] = False,
) -> None:
    """Run a study: methods x domains x throws x seeds. `run` may be left out.

    A study that was interrupted goes on when the same command is run again; cells that are done
    are not run again. Relative file names in the study file start from its folder.
    """
    from hitclr.cli.show import say
    from hitclr.config import load_study
    from hitclr.plugins import load_plugins
    from hitclr.runs.study import (
        SCORES_FILE,
        STUDY_TABLE,
        done_cells,
        prepare_study,
        run_study,
        some_cells,
        write_study,
    )

    settings = load_study(config, overrides or [], size=size)
    plugins = load_plugins()
    base = config.resolve().parent
    whole = prepare_study(settings, plugins, out, base=base)
    planned = some_cells(whole, only) if only else whole
    say(_described(planned))
    if dry_run:
        _show_times(planned, plugins, base, processes, threads)
        return
    done_cells(whole)  # what the report could not take is refused now, not after hours
    try:
        with _Display() as display:
            failures = run_study(
                planned,
                plugins,
                processes=processes,
                threads=threads,
                cluster=cluster,
                simulating=display.simulated,
                progress=display.finished,
            )
    except KeyboardInterrupt:
        say("Interrupted. The same command goes on; cells that are done are kept.")
        raise typer.Exit(130) from None
    for failure in failures:
        how = "is left" if failure.elsewhere else "failed"
        say(f"The cell {failure.cell.name} {how}: {failure.message}")
    if len(failures) < len(planned.cells):
        report = write_study(whole, plugins)  # of what other calls did, too
        scores = out / SCORES_FILE
        beside = (
            f", {scores}" if scores.exists() else f" ({SCORES_FILE}: pip install 'hitclr[parquet]')"
        )
        say(f"tables: {out / STUDY_TABLE}{beside}\nreport: {report}", whole=True)
    failed = [failure for failure in failures if not failure.elsewhere]
    if failed:
        say(f"{len(failed)} of {len(planned.cells)} cells failed; the same command tries again.")
        raise typer.Exit(1)
    if failures:
        say("The other call writes tables and report anew when it ends; so does the same command.")


def _described(planned: Study) -> str:
    from hitclr.cli.plain_table import counted

    settings = planned.settings
    return (
        f"{settings.title}: {counted(len(planned.cells), 'cell', 'cells')} from "
        f"{counted(len(settings.methods), 'method', 'methods')}, "
        f"{counted(len(settings.domains), 'training domain', 'training domains')}, "
        f"{counted(len(planned.inputs.throws), 'throw', 'throws')} and "
        f"{counted(len(settings.seeds), 'seed', 'seeds')}."
    )


def _show_times(
    planned: Study, plugins: Plugins, base: Path, processes: int, threads: int | None
) -> None:
    import joblib  # type: ignore[import-untyped]
    from rich.table import Table

    from hitclr.cli.show import console, say
    from hitclr.runs.study import estimate_times

    for cell in planned.cells:
        say(f"  {cell.name}")
    own = threads or max(1, joblib.cpu_count() // processes)
    times = estimate_times(
        planned,
        plugins,
        base=base,
        threads=own,
        progress=lambda name, done, total: say(f"Trying {name} ({done + 1} of {total}) ..."),
    )
    table = Table("method", "cells", "a cell", "together", title="Estimated time")
    for one in times:
        table.add_row(
            one.method, str(one.cells), _time(one.seconds), _time(one.seconds * one.cells)
        )
    console.print(table)
    total = sum(one.seconds * one.cells for one in times) / processes
    say(
        f"About {_time(total)} with {processes} process(es) of {own} thread(s), besides the "
        f"simulation."
    )


def _time(seconds: float) -> str:
    """A time for people.

    >>> _time(40), _time(600), _time(20_000)
    ('40 s', '10 min', '5.6 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


class _Display:
    """One progress display: a bar on a terminal, lines elsewhere."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeElapsedColumn as Elapsed
        from rich.progress import TimeRemainingColumn as Remaining

        from hitclr.cli.show import console

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        self._progress = Progress(
            *columns,
            Elapsed(),
            Remaining(),
            console=console,
            disable=not console.is_terminal,
            speed_estimate_period=24 * 3600.0,
        )
        self._tasks: dict[str, Any] = {}
        self._terminal = console.is_terminal

    def __enter__(self) -> _Display:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def simulated(self, production: str, done: int, total: int) -> None:
        """Events of a production were simulated."""
        self._update(f"simulating ({production})", done, total)
        if not self._terminal and done >= total:
            self._line(f"Simulated {total} events to {_PURPOSE[production]}.")

    def finished(self, result: Any, done: int, total: int) -> None:
        """A cell is done."""
        self._update(_CELLS, done, total)
        cell = getattr(result, "cell", result)
        if not self._terminal:
            how = "" if result is cell else " is left" if result.elsewhere else " failed"
            self._line(f"[{done}/{total}] {cell.name}{how}")

    def _update(self, what: str, done: int, total: int) -> None:
        if what not in self._tasks:
            # What was done before says nothing of the time that is left.
            begun = done - 1 if what == _CELLS else 0
            self._tasks[what] = self._progress.add_task(what, total=total, completed=begun)
        self._progress.update(self._tasks[what], completed=done, total=total)

    def _line(self, text: str) -> None:
        from hitclr.cli.show import say

        say(text)


_CELLS = "cells"
_PURPOSE = {"train": "train on", "target": "be adapted to", "test": "test with"}
