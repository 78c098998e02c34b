"""``hitclr plugin new``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from hitclr.cli.show import say
from hitclr.scaffold import write_plugin

__all__ = ["plugin"]

plugin = typer.Typer(help="Write the package of a plugin of your own.", no_args_is_help=True)


@plugin.callback()
def _plugin() -> None:
    """Write the package of a plugin of your own."""


@plugin.command()
def new(
    name: Annotated[
        str,
        typer.Argument(
            help="What the detector is called, such as my-detector: the package is hitclr-NAME.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", help="The folder to put the new folder hitclr-NAME into.")
    ] = Path(),
) -> None:
    """Write a complete plugin package to start from, with a small detector that works.

    It has a detector, a schema, an augmentation and tests, and passes its own `tox run`.
    """
    folder = write_plugin(name, out)
    say(f"Wrote {folder}", whole=True)
    for command in (f"cd {shlex.quote(str(folder))}", "pip install -e '.[test]'"):
        say(f"Next: {command}", whole=True)
    say("Then: pytest --hitclr-conformance")
