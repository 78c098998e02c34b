"""``hitclr simulate``."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hitclr.plugins import Plugins
    from hitclr.runs import Simulated

__all__ = ["simulate"]

_EVERY = 10.0  # seconds between lines, where there is no terminal


def simulate(
    detector: Annotated[
        str, typer.Option(help="The detector; `hitclr plugins` lists them.", show_default=False)
    ],
    out: Annotated[
        Path,
        typer.Option(
            help="The ROOT file to write; with several throws, a name with {throw} in it.",
            show_default=False,
        ),
    ],
    events: Annotated[
        int | None,
        typer.Option(help="How many events; those of the deposits file if that is there."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(help="The same seed gives the same events.", show_default="1"),
    ] = None,
    throw: Annotated[
        list[str] | None,
        typer.Option(help="A throw of the detector; may be given several times."),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Change a parameter of the detector; may be given several times.",
        ),
    ] = None,
    deposits: Annotated[
        Path | None,
        typer.Option(help="True deposits: read if the file is there, written if it is not."),
    ] = None,
    particles: Annotated[
        str | None, typer.Option(help="Classes of particles, such as electron,muon.")
    ] = None,
    energy: Annotated[
        tuple[float, float] | None,
        typer.Option(metavar="LOW HIGH", help="The range of kinetic energies in MeV."),
    ] = None,
    first_event: Annotated[
        int | None,
        typer.Option(
            help="The id of the first event, a multiple of 1000: goes on with a production.",
            show_default="0",
        ),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="ttree or rntuple.")
    ] = "ttree",
    processes: Annotated[
        int | None, typer.Option(help="How many processes.", show_default="one per core")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT.")] = False,
) -> None:
    """Simulate single particles in a detector and write them as ROOT files.

    The same events come out under every throw, with the same numbers in the branch `event`.
    """
    from hitclr.cli.show import say
    from hitclr.errors import SettingsError
    from hitclr.plugins import load_plugins
    from hitclr.runs import simulate as run

    plugins = load_plugins()
    chosen = plugins.detectors.get(detector)
    values = _values(changes or [])
    throws = [
        chosen.change(one, values)
        for one in (map(chosen.throw, throw) if throw else chosen.throws[:1])
    ]
    if form not in ("ttree", "rntuple"):
        message = f"--format: expected ttree or rntuple, got {form!r}"
        raise SettingsError(message)
    try:
        with _progress() as progress:
            made = run(
                chosen,
                out,
                throws=throws,
                events=events,
                seed=seed,
                first_event=first_event,
                particles=None if particles is None else _names(particles),
                energy=energy,
                deposits=deposits,
                form="rntuple" if form == "rntuple" else "ttree",
                processes=processes,
                overwrite=overwrite,
                distribution=_distribution(plugins, detector),
                progress=progress,
            )
    except KeyboardInterrupt:
        say("Interrupted: no file was written.")
        raise typer.Exit(130) from None
    _show(made, chosen.minimum_hits)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _values(changes: list[str]) -> dict[str, float]:
    """The numbers of ``--set name=value``.

    Raises:
        SettingsError: one is not of this form, or a name comes twice.
    """
    from hitclr.errors import SettingsError

    values: dict[str, float] = {}
    for change in changes:
        name, _, text = change.partition("=")
        try:
            value = float(text)
        except ValueError:
            message = f"--set: expected NAME=VALUE with a number, as in field=0.45, got {change!r}"
            raise SettingsError(message) from None
        if name.strip() in values:
            message = f"--set: {name.strip()} is set twice"
            raise SettingsError(message)
        values[name.strip()] = value
    return values


def _distribution(plugins: Plugins, detector: str) -> str:
    """The distribution and version that brought the detector."""
    owners = {entry.name: entry.owner for entry in plugins.detectors}
    infos = {info.name: f"{info.distribution} {info.version}" for info in plugins.infos}
    return infos[owners[detector]]


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar with events and their rate on a terminal, now and then a line elsewhere."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    from hitclr.cli.show import console, say

    started = time.perf_counter()

    def rate(done: int) -> str:
        return f"{done / max(time.perf_counter() - started, 1e-9):.0f} events/s"

    if not console.is_terminal:
        last = [started]

        def tell(done: int, total: int) -> None:
            if time.perf_counter() - last[0] > _EVERY and done < total:
                last[0] = time.perf_counter()
                say(f"{done} of {total} events, {rate(done)}")

        yield tell
        return
    columns = (
        TextColumn("simulating"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        Remaining(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)

        def update(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, description=rate(done))

        yield update


def _show(made: Simulated, minimum_hits: int) -> None:
    """Print what was written, how fast, and what to do next."""
    from rich.markup import escape
    from rich.table import Table

    from hitclr.cli.show import console, say

    number, seconds = made.info.events, made.seconds
    say(f"Simulated {number} events in {seconds:.1f} s, {number / seconds:.0f} events/s")
    table = Table("throw", "recorded", "dropped", "file")
    for file in made.files:
        cells = (file.throw.name, str(file.recorded), str(file.dropped), str(file.path))
        table.add_row(*map(escape, cells))
    console.print(table)
    if any(file.dropped for file in made.files):
        say(f"Dropped: events with fewer than {minimum_hits} hits")
    if made.deposits is not None:
        say(f"deposits: {made.deposits}", whole=True)
    command = f"hitclr inspect {shlex.quote(str(made.files[0].path))}"
    say(f"Next: {command}", whole=True)
