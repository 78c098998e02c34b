"""Differences of two methods: found whichever way round, and told in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from hitclr.reports.study.rows import Comparison
from hitclr.reports.study.wording import p_in_brackets, signed, within

__all__ = ["difference_in_words", "matching"]

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
