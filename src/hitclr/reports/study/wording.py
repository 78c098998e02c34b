"""How values, intervals and names are written, and what stands where there is none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from hitclr.reports.results import Number
from hitclr.reports.study.rows import (
    Comparison,
    CurvePoint,
    Quantity,
    ShiftQuantity,
    ShiftScore,
    StudyScore,
)
from hitclr.reports.study.table import StudyTable
from hitclr.reports.style import plain

__all__ = [
    "DASH",
    "KNEW",
    "SAW",
    "Dashes",
    "about_marks",
    "about_seeds",
    "difference_of",
    "drawn",
    "labelled",
    "mark_of",
    "over_seeds",
    "over_some",
    "p_in_brackets",
    "signed",
    "that_saw",
    "value_of",
    "why_absent",
    "within",
]

SAW = "†"
"""Marks a method that saw the target, without labels."""

KNEW = "§"
"""Marks a method that saw the target with its labels."""

DASH = "\N{EN DASH}"
"""Stands where there is no value."""

_DIGITS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class Dashes:
    """The dashes of one table, numbered by the reason why there is no value."""

    def __init__(self) -> None:
        self._reasons: dict[str, int] = {}

    def dash(self, reason: str) -> str:
        """A dash with the number of its reason.

        >>> dashes = Dashes()
        >>> dashes.dash("not measured"), dashes.footnotes
        ('–¹', ('–¹ not measured',))
        """
        place = self._reasons.setdefault(reason, len(self._reasons) + 1)
        return f"{DASH}{str(place).translate(_DIGITS)}"

    @property
    def footnotes(self) -> tuple[str, ...]:
        """A line for each reason."""
        return tuple(f"{self.dash(reason)} {reason}" for reason in tuple(self._reasons))


def labelled(table: StudyTable, method: str) -> str:
    """The name of a method, marked where it saw the target, or its labels, too."""
    return f"{method}{_mark(table, method)}"


def _mark(table: StudyTable, method: str) -> str:
    if method not in table.targeted:
        return ""
    return f" {KNEW if method in table.ceilings else SAW}"


def that_saw(table: StudyTable) -> str:
    """What the methods that saw the target without its labels have in common."""
    return f"that saw the target{' without its labels' if table.ceilings else ''}"


def about_marks(table: StudyTable, methods: Iterable[str]) -> str:
    """What open markers and the marks behind names say, to stand behind another sentence.

    It is empty where none of the methods saw a target.

    Args:
        table: the study.
        methods: the names of those that are shown.
    """
    shown = table.targeted & set(methods)
    without, knew = shown - table.ceilings, shown & table.ceilings
    marks = f"{SAW} and {KNEW}" if without and knew else KNEW if knew else SAW
    too = f", {KNEW} with its labels" if without and knew else ", with its labels" if knew else ""
    return f" Open markers, {marks}: the method saw the target{too}." if shown else ""


def mark_of(table: StudyTable, throw: str) -> str:
    """What marks the nominal throw, where its name does not say it."""
    return " (nominal)" if throw == table.nominal and throw != "nominal" else ""


def drawn(table: StudyTable, method: str, limit: int) -> str:
    """The name of a method for a picture: safe to draw, not too long, its mark never cut off.

    Args:
        table: the study.
        method: the name.
        limit: how many characters of the name there is room for.
    """
    return f"{plain(method, limit)}{_mark(table, method)}"


def why_absent(table: StudyTable, method: str, domain: str) -> str:
    """Why a method has no number for a domain."""
    if (method, domain) not in table.pairs:
        return "not trained on this domain"
    if not table.pairs[method, domain]:
        return "not done yet: cells are missing"
    if table.scored_in_part(method, domain):
        return "scored on some of the throws alone"
    return "not measured"


def within(low: Number, high: Number, *, sign: bool = False) -> str:
    """An interval; that there is none, otherwise.

    >>> within(0.1, 0.25), within(-0.1, 0.25, sign=True), within(None, 0.25)
    ('[0.100, 0.250]', '[-0.100, +0.250]', '(no interval)')
    """
    if low is None or high is None:
        return "(no interval)"
    return f"[{signed(low)}, {signed(high)}]" if sign else f"[{low:.3f}, {high:.3f}]"


def signed(value: float) -> str:
    """A difference.

    >>> signed(0.0261), signed(-0.01), signed(-0.0001)
    ('+0.026', '-0.010', '+0.000')
    """
    # The zero takes the sign off what rounds to nothing.
    return f"{round(value, 3) + 0.0:+.3f}"


def value_of(
    row: Quantity | CurvePoint | ShiftQuantity | ShiftScore | None, absent: str, dashes: Dashes
) -> str:
    """A value with its interval and the spread over seeds.

    Args:
        row: the row of the table; None where it has none.
        absent: why it has none.
        dashes: of the table that it stands in.
    """
    if row is None:
        return dashes.dash(absent)
    if row.value is None:
        return dashes.dash("could not be worked out")
    spread = "" if row.spread is None else f" ±{row.spread:.3f}"
    return f"{row.value:.3f} {within(row.low, row.high)}{spread}"


def difference_of(row: Comparison | None, dashes: Dashes) -> tuple[str, str]:
    """A difference with its interval, and whether it survives with the corrected p value.

    Args:
        row: the row of the table; None where it has none.
        dashes: of the table that it stands in.
    """
    if row is None:
        none = dashes.dash("not tested")
        return none, none
    if row.difference is None:
        none = dashes.dash("could not be worked out")
        return none, none
    text = f"{signed(row.difference)} {within(row.low, row.high, sign=True)}"
    if row.survives is None:
        return text, dashes.dash("not corrected for the number of comparisons")
    return text, f"{'yes' if row.survives else 'no'}{p_in_brackets(row.p_holm)}"


def over_some(table: StudyTable, row: Comparison | None) -> str:
    """Over how many throws and seeds a difference is, where it is not over all.

    Args:
        table: the study.
        row: the row of the table; None where it has none.
    """
    if row is None:
        return ""
    counts = (
        (row.throws, len(table.throws), "throws"),
        (row.seeds, len(table.seeds), "seeds"),
    )
    parts = [f"{own} of {every} {name}" for own, every, name in counts if own not in (None, every)]
    return f", over {' and '.join(parts)}" if parts else ""


def p_in_brackets(value: float | None) -> str:
    """A p value behind a verdict; nothing where there is none.

    >>> p_in_brackets(0.03), p_in_brackets(2e-6), p_in_brackets(None)
    (' (p = 0.03)', ' (p < 0.001)', '')
    """
    if value is None:
        return ""
    return f" (p {'< 0.001' if value < 0.001 else f'= {value:.3g}'})"


def over_seeds(rows: Sequence[StudyScore], absent: str, dashes: Dashes) -> str:
    """The mean over seeds with its range; the interval of the value where there is one seed.

    Args:
        rows: one for each seed.
        absent: why there is none.
        dashes: of the table that it stands in.
    """
    if not rows:
        return dashes.dash(absent)
    values = [row.value for row in rows if row.value is not None]
    if not values:
        return dashes.dash("could not be worked out")
    if len(values) == 1:
        row = next(row for row in rows if row.value is not None)
        return f"{values[0]:.3f} {within(row.low, row.high)}"
    return f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def about_seeds(table: StudyTable) -> str:
    """What the brackets of `over_seeds` are."""
    if len(table.seeds) > 1:
        return "mean over seeds, in brackets the lowest and the highest seed"
    return "one seed, in square brackets the 95 % interval of its test events"
