"""Tables without lines, and what goes into their cells."""

from __future__ import annotations

from collections.abc import Collection

from rich.table import Table

__all__ = ["DIGITS", "counted", "head", "plain_table", "short", "tail"]

DIGITS = 9
"""The width of a number in a table."""


def plain_table(*headings: str, right: Collection[str] = ()) -> Table:
    """A table without lines.

    Args:
        headings: of the columns.
        right: those whose cells are flush right.
    """
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="underline")
    for heading in headings:
        table.add_column(heading, overflow="fold", justify="right" if heading in right else "left")
    return table


def counted(number: int, one: str, several: str) -> str:
    """A number and what it counts.

    >>> counted(1, "entry", "entries"), counted(1200, "entry", "entries")
    ('1 entry', '1,200 entries')
    """
    return f"{number:,} {one if number == 1 else several}"


def head(text: str, width: int) -> str:
    """The start of a text."""
    return text if len(text) <= width else text[: width - 1] + "…"


def tail(text: str, width: int) -> str:
    """The end of a name, which tells more than its folder."""
    return text if len(text) <= width else "…" + text[1 - width :]


def short(value: float | None) -> str:
    """A number in a few digits; an integer exactly, where it is not too long."""
    if value is None:
        return ""
    exact = str(value) if isinstance(value, int) else f"{value:.4g}"
    return exact if len(exact) <= DIGITS else f"{value:.3g}"
