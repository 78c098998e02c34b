"""Differences of two methods: found whichever way round, and told in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from hitclr.reports.study.rows import Comparison
from hitclr.reports.study.table import StudyTable
from hitclr.reports.study.wording import p_in_brackets, signed, within
from hitclr.reports.summary import count_of

__all__ = [
    "best_in_words",
    "difference_in_words",
    "is_behind",
    "lead_in_words",
    "matching",
    "over_common_seeds",
]

Pair = TypeVar("Pair", bound=Comparison)


def matching(rows: Iterable[Pair], first: str, second: str) -> Pair | None:
    """The first method minus the second, whichever way round the rows have them."""
    for row in rows:
        if (row.first, row.second) == (first, second):
            return row
        if (row.first, row.second) == (second, first):
            turned = {
                "first": first,
                "second": second,
                "difference": None if row.difference is None else -row.difference,
                "low": None if row.high is None else -row.high,
                "high": None if row.low is None else -row.low,
            }
            return row.model_copy(update=turned)
    return None


def difference_in_words(pair: Comparison | None) -> str:
    """A difference with its interval, and whether it survives."""
    if pair is None or pair.difference is None:
        return "not tested"
    text = f"{signed(pair.difference)} {within(pair.low, pair.high, sign=True)}"
    if pair.survives is None:
        return f"{text}, without a correction for the number of comparisons"
    verdict = "which survives" if pair.survives else "which does not survive"
    return f"{text}, {verdict} Holm's correction{p_in_brackets(pair.p_holm)}"


def is_behind(pair: Comparison | None) -> bool:
    """Whether the first has less than the second.

    It may have the higher mean all the same: that is over its own seeds, the difference over those
    that both have.
    """
    return pair is not None and pair.difference is not None and pair.difference < 0


def best_in_words(pair: Comparison | None) -> str:
    """What the highest of several numbers is called, by its difference to the runner-up."""
    return "highest" if is_behind(pair) else "best"


def over_common_seeds(table: StudyTable, pair: Comparison | None) -> str:
    """Over which seeds a difference is, where it is not over all, to stand before what it is.

    Args:
        table: the study.
        pair: the difference; None where there is none.
    """
    if pair is None or pair.seeds is None or pair.seeds == len(table.seeds):
        return ""
    return f"over the {count_of(pair.seeds, 'seed')} that both have, "


def lead_in_words(table: StudyTable, pair: Comparison | None, second: str) -> str:
    """How far the first is ahead of the runner-up, and whether that can be believed.

    Args:
        table: the study.
        pair: the first minus the second; None where they were not compared.
        second: the name of the runner-up.
    """
    if pair is None or pair.difference is None:
        return f"whether it is ahead of the runner-up {second} by more than chance was not tested"
    where, difference = over_common_seeds(table, pair), difference_in_words(pair)
    if is_behind(pair):
        return f"{where}it is not ahead of the runner-up {second}: the difference is {difference}"
    return f"{where}its difference to the runner-up {second} is {difference}"
