"""The ``hitclr`` command and its sub-commands."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console

import hitclr
from hitclr.cli.cache import cache
from hitclr.cli.demo import demo
from hitclr.cli.display import display
from hitclr.cli.embed import embed
from hitclr.cli.find_lr import find_lr
from hitclr.cli.inspect import inspect
from hitclr.cli.plugin_new import plugin
from hitclr.cli.plugins import plugins
from hitclr.cli.report import report
from hitclr.cli.simulate import simulate
from hitclr.cli.study import study
from hitclr.cli.train import train
from hitclr.errors import HitclrError

__all__ = ["app", "main"]

app = typer.Typer(
    name="hitclr",
    help="Robust, graph-based learning on detector hits: ROOT files straight into training.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        Console().print(f"hitclr {hitclr.__version__}", highlight=False)
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
    no_plugin: Annotated[
        list[str] | None,
        typer.Option(
            "--no-plugin",
            metavar="NAME",
            help="Leave out a plugin; may be given several times.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Options that come before the command."""
    if no_plugin:
        _leave_out(no_plugin, context)


def _leave_out(names: Sequence[str], context: typer.Context) -> None:
    """Leave out plugins while a command runs, also in the processes that it starts."""
    from hitclr.plugins import DISABLE_VARIABLE

    before = os.environ.get(DISABLE_VARIABLE)
    os.environ[DISABLE_VARIABLE] = ",".join([*([before] if before else []), *names])

    def put_back() -> None:
        if before is None:
            del os.environ[DISABLE_VARIABLE]
        else:
            os.environ[DISABLE_VARIABLE] = before

    context.call_on_close(put_back)


for command in (inspect, find_lr, train, embed, simulate, report, display, plugins, demo):
    app.command()(command)
app.add_typer(study, name="study")
app.add_typer(cache, name="cache")
app.add_typer(plugin, name="plugin")


def main() -> None:
    """Run the command line; an error of hitclr's own is told without a traceback."""
    # Threads that wait for each other by spinning stall where they share their cores with anything
    # else; read when torch is first imported, which a command does.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        app()
    except HitclrError as error:
        Console(stderr=True).print("[bold red]Error:[/] ", end="")
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.exit(130)
