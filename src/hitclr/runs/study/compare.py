"""Two studies side by side, paired where they have the same test events and seeds."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hitclr.errors import SettingsError
from hitclr.reports.study import StudyTable, load_study_table
from hitclr.reports.study.rows import CurvePoint, Quantity
from hitclr.reports.study.table import Cell
from hitclr.reports.study.two_studies import Change, Difference, TwoStudies
from hitclr.runs.study.collect import STUDY_TABLE
from hitclr.runs.study.paired import THROW, Pairs, common_axes, paired_differences

__all__ = ["compare_studies"]

_AREA = "area "


def compare_studies(first: Path, second: Path) -> TwoStudies:
    """What differs in two studies, and by how much their accuracies do.

    Methods, domains and throws are the same where they have the same names, and throws also the
    same values of the detector's parameters. A difference is paired where the test events and the
    seeds are the same, and the events are still in the folders of the cells: then it is worked out
    event by event, as those within a study are. Else it is of the two values and intervals alone
    (Zou and Donner 2008, Stat. Med. 27, 1693), and there is none where these are not of the same
    throws. Trainings that leave a shift out are not compared.

    Test events of files are the same where the settings of the cells name the same files, in full,
    and their keys and classes are the same.

    Args:
        first: the folder of a study.
        second: that of another; differences are the second minus the first.

    Raises:
        OutputError: a table or a cell cannot be read.
        SettingsError: both are one folder.
    """
    if first.resolve() == second.resolve():
        message = f"expected two studies, got {first} twice"
        raise SettingsError(message)
    tables = (load_study_table(first / STUDY_TABLE), load_study_table(second / STUDY_TABLE))
    names = (str(first), str(second))
    if first.resolve().name != second.resolve().name:
        names = (first.resolve().name, second.resolve().name)
    common = _common_throws(*tables)
    pairs = [pair for pair in tables[0].pairs if pair in tables[1].pairs]
    paired = paired_differences((first, second), tables, common)
    changes = [
        change
        for quantity in _quantities(tables, common)
        for method, domain in pairs
        for change in _change(tables, method, domain, quantity, paired, common)
    ]
    return TwoStudies(
        names,
        (tables[0].title, tables[1].title),
        (tables[0].created, tables[1].created),
        _different(*({**_flat(t.settings), **_versions(t)} for t in tables)),
        _different(*(_throws(t) for t in tables)),
        changes,
        _cells(*tables),
    )


def _common_throws(one: StudyTable, other: StudyTable) -> list[str]:
    """The throws that both have, with the same values."""
    values = {throw.name: dict(throw.values) for throw in other.throws}
    return [t.name for t in one.throws if values.get(t.name) == dict(t.values)]


def _quantities(tables: Sequence[StudyTable], common: Sequence[str]) -> list[str]:
    seen = {row.quantity for row in tables[1].summary}
    both = [q for q in dict.fromkeys(row.quantity for row in tables[0].summary) if q in seen]
    return [*both, *(f"{THROW}{name}" for name in common)]


def _change(
    tables: tuple[StudyTable, StudyTable],
    method: str,
    domain: str,
    quantity: str,
    paired: Pairs,
    common: Sequence[str],
) -> Iterator[Change]:
    rows = [_row(table, method, domain, quantity) for table in tables]
    about = Change(method, domain, quantity, _ends(rows[0]), _ends(rows[1]))
    if rows == [None, None]:
        if quantity == "mean" and _apart(tables, method, domain, common):
            yield replace(about, note="no throw in common")
        return
    row = paired.get((method, domain, quantity))
    if row is not None and row["difference"] is not None:
        one, other = row["values"]
        yield replace(
            about,
            first=(one["value"], one["low"], one["high"]),
            second=(other["value"], other["low"], other["high"]),
            difference=row["difference"],
            low=row["low"],
            high=row["high"],
            paired=True,
            survives=row["survives"],
            p_holm=row["p_holm"],
        )
        return
    other_throws = _other_throws(tables, quantity, common)
    if other_throws:
        yield replace(about, note=other_throws)
        return
    (value, *_), (other_value, *_) = about.first, about.second
    if value is None or other_value is None:
        yield replace(about, note="it is measured in one of them alone")
        return
    low, high = _unpaired(about.first, about.second)
    yield replace(
        about,
        difference=other_value - value,
        low=low,
        high=high,
        note=paired.why or "they were not scored alike",
    )


def _apart(
    tables: tuple[StudyTable, StudyTable], method: str, domain: str, common: Sequence[str]
) -> bool:
    """Whether a method was scored in both studies, but on no throw that they have in common."""
    first, second = (
        {throw for name, on, throw in table.points if (name, on) == (method, domain)}
        for table in tables
    )
    return bool(first and second) and not first & second & set(common)


def _other_throws(
    tables: tuple[StudyTable, StudyTable], quantity: str, common: Sequence[str]
) -> str:
    """That a quantity is not of the same throws in both studies; empty where it is."""
    first, second = tables
    if quantity == "nominal":
        same = first.nominal == second.nominal and first.nominal in common
        return "" if same else "the nominal throws are not the same"
    if quantity.startswith(THROW):
        same = quantity.removeprefix(THROW) in common
    elif quantity.startswith(_AREA):
        same = quantity.removeprefix(_AREA) in common_axes(tables, common)
    else:
        same = len(common) == len(first.throws) == len(second.throws)
    return "" if same else "the throws are not the same"


def _unpaired(
    first: tuple[float | None, float | None, float | None],
    second: tuple[float | None, float | None, float | None],
) -> tuple[float | None, float | None]:
    """The 95 % interval of the second minus the first, from their own intervals.

    Zou and Donner 2008, Stat. Med. 27, 1693, eq. 4: the variance of each is recovered from the
    distance of its value to the end of its interval that counts.

    >>> low, high = _unpaired((0.5, 0.47, 0.53), (0.6, 0.56, 0.64))
    >>> round(low, 3), round(high, 3)
    (0.05, 0.15)
    """
    if None in first or None in second:
        return None, None
    value, low, high = (float(end or 0.0) for end in first)
    other, other_low, other_high = (float(end or 0.0) for end in second)
    difference = other - value
    return (
        difference - math.hypot(other - other_low, high - value),
        difference + math.hypot(other_high - other, value - low),
    )


def _row(
    table: StudyTable, method: str, domain: str, quantity: str
) -> Quantity | CurvePoint | None:
    if quantity.startswith(THROW):
        return table.points.get((method, domain, quantity.removeprefix(THROW)))
    return table.quantities.get((method, domain, quantity))


def _ends(row: Quantity | CurvePoint | None) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if row is None else (row.value, row.low, row.high)


def _flat(settings: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Settings by their dotted keys; lists as what is in them."""
    found: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            found |= _flat(value, f"{before}{key}.")
        else:
            several = isinstance(value, (list, tuple))
            found[f"{before}{key}"] = [*map(_told, value)] if several else _told(value)
    return found


def _told(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_told(one)}" for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_told, value)) + "]"
    return str(value)


def _versions(table: StudyTable) -> dict[str, str]:
    return {f"version of {name}": value for name, value in table.versions.items()}


def _throws(table: StudyTable) -> dict[str, str]:
    return {t.name: _told(dict(t.values)) if t.values else "files" for t in table.throws}


def _different(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[Difference]:
    found = []
    for key in dict.fromkeys([*one, *other]):
        first, second = one.get(key, ""), other.get(key, "")
        if first == second:
            continue
        if isinstance(first, list) and isinstance(second, list):
            own = [item for item in first if item not in second]
            others = [item for item in second if item not in first]
            if own or others:  # else they are in another order, or one stands there more often
                key, first, second = f"in {key}", own, others
        found.append(Difference(key, *(_joined(value) for value in (first, second))))
    return found


def _joined(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def _cells(one: StudyTable, other: StudyTable) -> list[tuple[str, int, int]]:
    """The kinds of training of which not the same seeds are done, with how many are."""

    def done(table: StudyTable) -> tuple[Counter[str], set[Cell], set[str]]:
        cells = {c for c, row in zip(table.planned, table.cells, strict=True) if row.done}
        return Counter(map(_kind, cells)), cells, set(map(_kind, table.planned))

    (first, own, planned), (second, others, more) = done(one), done(other)
    changed = set(map(_kind, own ^ others)) | (planned ^ more)
    order = dict.fromkeys(_kind(cell) for table in (one, other) for cell in table.planned)
    return [(kind, first[kind], second[kind]) for kind in order if kind in changed]


def _kind(cell: Cell) -> str:
    target = f" to {cell.target}" if cell.target else ""
    without = f" without {cell.left_out}" if cell.left_out else ""
    return f"{cell.method} on {cell.domain}{target}{without}"
