"""``hitclr plugins``."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

__all__ = ["plugins"]


def plugins(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the plugins: where each comes from, what it brought, or why it failed."""
    from hitclr.cli.show import console
    from hitclr.plugins import load_plugins

    infos = load_plugins().infos
    if as_json:
        sys.stdout.write(json.dumps([asdict(info) for info in infos], indent=2) + "\n")
        return
    table = Table("plugin", "distribution", "brings")
    for info in infos:
        brings = "\n".join(f"{kind}: {', '.join(names)}" for kind, names in info.provides.items())
        table.add_row(
            info.name,
            f"{info.distribution} {info.version}",
            f"not in use: {info.error}" if info.error else brings or "nothing",
        )
    console.print(table, markup=False)
