"""``hitclr plugins``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hitclr.plugins import PluginInfo

__all__ = ["plugins"]


def plugins(
    name: Annotated[
        str | None,
        typer.Argument(help="Of one augmentation, encoder, method, ...: describe it."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the plugins: where each comes from, what it brought, or why it failed.

    With NAME, such as `hitclr plugins rotation`, tell what is registered so, with its options and
    their defaults. The exit code of the list is 1 where a plugin failed.
    """
    from hitclr.plugins import list_plugins, load_plugins

    if name is not None:
        from hitclr.cli.describe import describe
        from hitclr.cli.show import say

        say(describe(name, load_plugins()), whole=True)
        return

    infos = list_plugins()
    if as_json:
        sys.stdout.write(json.dumps([asdict(info) for info in infos], indent=2) + "\n")
    else:
        _show(infos)
    if any(info.error and not info.disabled for info in infos):
        raise typer.Exit(1)


def _show(infos: Sequence[PluginInfo]) -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from hitclr.cli.show import console
    from hitclr.plugins.faults import how_to_leave_out

    table = Table(
        "plugin", "distribution", "brings", "", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False
    )
    for info in infos:
        brings = [
            (kind.replace("_", " "), escape(", ".join(names)))
            for kind, names in info.provides.items()
        ] or [("nothing", "")]
        if info.error:
            brings = [("disabled" if info.disabled else "[red]failed, see below[/]", "")]
        names = [f"[bold]{escape(info.name)}[/]"] + [""] * (len(brings) - 1)
        sources = [escape(info.source)] + [""] * (len(brings) - 1)
        for name, source, (kind, things) in zip(names, sources, brings, strict=True):
            table.add_row(name, source, kind, things)
    console.print(table)
    for info in infos:
        if info.error and not info.disabled:
            console.print("\n[bold red]Failed:[/]", end=" ")
            console.print(info.error, markup=False)
            if (without := how_to_leave_out(info.name)) not in info.error:
                console.print(f"  until then: {without}", markup=False)
