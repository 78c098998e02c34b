"""What ``hitclr inspect --check`` prints."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from hitclr.cli.plain_table import counted, plain_table, short, tail
from hitclr.cli.show import console, say
from hitclr.io.policy import Reason

if TYPE_CHECKING:
    from hitclr.io.inspection.check import SchemaCheck
    from hitclr.io.inspection.check_faults import FaultCheck
    from hitclr.io.inspection.check_numbers import ColumnCheck, HitCounts

__all__ = ["show_check"]

_FILES = 12  # a check of no more files than this shows them all
_BESIDE_FILES = 42
_INDENT = "  "
_FILE = ("file", "files")
_BARS = "▁▂▃▄▅▆▇█"


def show_check(check: SchemaCheck, *, whole: bool = False, interrupted: bool = False) -> None:
    """Print what a schema makes of files, the verdict first.

    Args:
        check: what was found.
        whole: name every file, however many there are.
        interrupted: whether the check was broken off.
    """
    console.print(_verdict(check, interrupted=interrupted))
    _show_files(check, whole=whole)
    for fault in check.faults:
        _show_fault(fault, check)
    if check.events:
        _show_classes(check)
        _show_hits(check.hits)
        _show_columns(check)
    if check.fits and not interrupted:
        console.print()
        say("Next: name the schema in a settings file, and run `hitclr train SETTINGS.yaml`.")


def _entry(check: SchemaCheck) -> tuple[str, str]:
    """What becomes an event, one and many of it."""
    return ("group of hits", "groups of hits") if check.flat else ("entry", "entries")


def _verdict(check: SchemaCheck, *, interrupted: bool) -> Text:
    parts = []
    if check.entries:
        of = counted(check.entries, *_entry(check))
        parts.append(f"{check.events:,} of {of} become events")
    if check.unselected:
        parts.append(f"the schema leaves out {check.unselected:,} by its selection")
    unreadable = sum(bool(file.error) for file in check.files)
    if unreadable:
        of = counted(len(check.files), *_FILE)
        parts.append(f"{unreadable:,} of {of} cannot be used")
    if check.events and check.empty_classes:
        parts.append(f"no event is of class {' or '.join(check.empty_classes)}")
    found = f"{', '.join(parts) or 'nothing was read'}."
    if interrupted:
        return Text(f"Interrupted; up to there {found}", "bold yellow")
    if check.fits:
        return Text(f"The schema fits: {found}", "bold green")
    return Text(f"The schema does not fit: {found}", "bold red")


def _show_files(check: SchemaCheck, *, whole: bool) -> None:
    files = check.files
    shown = sorted(files, key=lambda file: (file.good, file.index))
    if len(files) > _FILES and not whole:
        shown = shown[:_FILES]
    room = max(16, console.width - _BESIDE_FILES)
    entries = "groups" if check.flat else "entries"
    table = plain_table("file", entries, "events", "at fault", right=(entries, "events"))
    table.columns[0].no_wrap = not whole
    for file in sorted(shown, key=lambda file: file.index):
        name = Text(file.file if whole else tail(file.file, room))
        if file.error:
            table.add_row(name, "", "", Text(file.reason, "red"))
        else:
            why = ", ".join(f"{count:,} {reason}" for reason, count in file.faults.items())
            if file.stop < file.total:
                why = ", ".join(filter(None, (why, f"read to {file.stop:,} of {file.total:,}")))
            table.add_row(name, f"{file.entries:,}", f"{file.events:,}", Text(why, "red"))
    console.print()
    console.print(table)
    if len(files) > len(shown):
        rest = [file for file in files if file not in shown]
        bad = sum(not file.good for file in rest)
        state = f"{bad:,} of them with faults" if bad else "all of them good"
        say(f"… {len(rest):,} more, {state}; --all shows them")


def _show_fault(fault: FaultCheck, check: SchemaCheck) -> None:
    """One fault, with the message for the first entry or file; names are not broken."""
    unit = _FILE if fault.unit == "file" else _entry(check)
    what = f"{counted(fault.count, *unit)}: {fault.reason}"
    console.print()
    console.print(Text(what if fault.count == 1 else f"{what}. The first:", "bold red"))
    for line in fault.message.splitlines():
        told = line if line.startswith("  file: ") else _indented(line.strip())
        console.print(told, markup=False, soft_wrap=True)


def _indented(text: str) -> str:
    return textwrap.fill(
        text,
        console.width,
        initial_indent=_INDENT,
        subsequent_indent=_INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _show_classes(check: SchemaCheck) -> None:
    console.print()
    if not check.classes:
        say("The schema has no label: each sample of the settings will be a class of its own.")
        return
    right = ("events", "share", "at fault")
    table = plain_table("class", *right, right=right)
    for name, events in check.classes.items():
        cells = (f"{events:,}", f"{events / check.events:.1%}")
        if not events:
            cells = ("none", "")
        bad = check.left_out.get(name, 0)
        style = "" if events else "bold red"
        table.add_row(Text(name), *cells, f"{bad:,}" if bad else "", style=style)
    if check.unknown:
        table.add_row("(of no class)", "", "", f"{check.unknown:,}")
    console.print(table)


def _show_hits(hits: HitCounts) -> None:
    right = ("min", "median", "mean", "99 %", "max")
    table = plain_table("hits per event", *right, "from min to max", right=right)
    numbers = (hits.minimum, hits.quantile(0.5), hits.mean, hits.quantile(0.99), hits.maximum)
    table.add_row("", *(short(number) for number in numbers), _bars(hits.histogram(24)))
    console.print()
    console.print(table)


def _bars(filled: list[int]) -> str:
    """A bar for each bin; none for an empty one."""
    most = max(filled)
    levels = [-(-len(_BARS) * events // most) for events in filled]
    return "".join(_BARS[level - 1] if level else " " for level in levels)


def _show_columns(check: SchemaCheck) -> None:
    right = ("min", "mean", "deviation", "max")
    table = plain_table("column", "", "unit", *right, "remark", right=right)
    role = ""
    for column in check.columns:
        numbers = (column.minimum, column.mean, column.deviation, column.maximum)
        table.add_row(
            "" if column.role == role else column.role,
            Text(column.name),
            Text(column.unit),
            *(short(number) if column.values else "" for number in numbers),
            Text(", ".join(_remarks(column)), "yellow"),
        )
        role = column.role
    console.print()
    console.print(table)
    rejected = sum(f.count for f in check.faults if f.reason == Reason.NOT_FINITE)
    if rejected:
        number = counted(rejected, *_entry(check))
        say(
            f"Not in these numbers: {number} with NaN, inf or numbers too large for float32 among "
            f"the hits. An event with one such number is left out whole."
        )
    else:
        say("There is no NaN and no inf among the hits.")


def _remarks(column: ColumnCheck) -> Iterator[str]:
    if column.constant:
        yield "constant"
    if column.nan:
        yield "all NaN" if not column.values + column.infinite else f"{column.nan:,} NaN"
    if column.infinite:
        yield f"{column.infinite:,} inf"
