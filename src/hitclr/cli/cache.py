"""``hitclr cache``: what lies in the cache of events, and clearing it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from hitclr.cli.show import console, say

if TYPE_CHECKING:
    from hitclr.io.feeding import Entry

__all__ = ["cache"]

cache = typer.Typer(help="List and clear the cache of events that were read.", no_args_is_help=True)

Folder = Annotated[
    Path | None,
    typer.Option(
        "--folder", help="The folder of the cache; without it, the user's.", show_default=False
    ),
]


@cache.command("list")
def list_(folder: Folder = None) -> None:
    """List the entries, the one used last first."""
    from hitclr.io.feeding import cache_folder, list_entries

    root = cache_folder(folder)
    entries = list_entries(root)
    if not entries:
        say(f"There is nothing in {root}.")
        return
    table = Table(box=None, pad_edge=False, header_style="underline")
    for heading in ("entry", "size", "last used", "of"):
        table.add_column(heading, justify="right" if heading == "size" else "left")
    for entry in entries:
        table.add_row(
            entry.key[:12],
            _size(entry.size),
            f"{entry.used.astimezone():%Y-%m-%d %H:%M}",
            Text(entry.title or "(damaged)"),
        )
    console.print(table)
    say(f"{_total(entries)} in {root}")


@cache.command()
def clear(
    folder: Folder = None,
    older_than_days: Annotated[
        float | None,
        typer.Option(min=0, help="Only entries not used for so long.", show_default=False),
    ] = None,
) -> None:
    """Remove entries; runs make them anew when they need them."""
    from hitclr.io.feeding import cache_folder
    from hitclr.io.feeding import clear as clear_cache

    root = cache_folder(folder)
    removed = clear_cache(root, older_than_days)
    say(f"Removed {_total(removed)} from {root}.")


def _total(entries: list[Entry]) -> str:
    number = len(entries)
    size = _size(sum(entry.size for entry in entries))
    return f"{number} {'entry' if number == 1 else 'entries'}, {size},"


def _size(number: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} TB"
