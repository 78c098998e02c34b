"""Two studies side by side, paired where they have the same test events and seeds."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hitclr.errors import SettingsError
from hitclr.reports.study import StudyTable, load_study_table
from hitclr.reports.study.rows import CurvePoint, Quantity
from hitclr.reports.study.table import Cell
from hitclr.reports.study.two_studies import Change, Difference, TwoStudies
from hitclr.rng import seed_for
from hitclr.runs.study.cell import CELL_ARRAYS
from hitclr.runs.study.cells import CELLS, PlannedCell
from hitclr.runs.study.collect import STUDY_TABLE, load_scored
from hitclr.studies.judged import Judged, Quantities, correct, differences, judge, value_row
from hitclr.studies.robustness import quantity_weights
from hitclr.studies.scored_cell import ScoredCell

__all__ = ["compare_studies"]

_THROW = "throw "


def compare_studies(first: Path, second: Path) -> TwoStudies:
    """What differs in two studies, and by how much their accuracies do.

    Methods, domains and throws are the same where they have the same names, and throws also the
    same values of the detector's parameters. A difference is paired where the test events and the
    seeds are the same, and the events are still in the folders of the cells: then it is worked out
    event by event, as those within a study are. Else it is of the two values and intervals alone
    (Zou and Donner 2008, Stat. Med. 27, 1693). Trainings that leave a shift out are not compared.

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
    paired = _paired((first, second), tables, common)
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
    return [*both, *(f"{_THROW}{name}" for name in common)]


class _Pairs(dict[tuple[str, str, str], dict[str, Any]]):
    """Rows of `differences` by method, domain and quantity; and why others are not there."""

    why: str = ""


def _paired(
    folders: tuple[Path, Path], tables: tuple[StudyTable, StudyTable], common: Sequence[str]
) -> _Pairs:
    """The differences that are of the same events and seeds."""
    found = _Pairs()
    if not common:
        found.why = "no throw is in both"
        return found
    if _origin(tables[0], common) != _origin(tables[1], common):
        found.why = "the test events are not the same"
        return found
    missing = [
        str(folder)
        for folder, table in zip(folders, tables, strict=True)
        for cell in _compared_cells(table)
        if not (_folder(folder, cell) / CELL_ARRAYS).is_file()
    ]
    if missing:
        found.why = f"the events of cells are not in {missing[0]}"
        return found
    axes = _axes(tables, common)
    nominal = tables[0].nominal if tables[0].nominal == tables[1].nominal else ""

    def quantities(one: Judged) -> Quantities:
        own = [common[number] for number in one.throws]
        weights = quantity_weights(one.by_seed.mean(0), own, nominal=nominal, axes=axes)
        single = np.eye(len(own))
        weights |= {f"{_THROW}{name}": single[place] for place, name in enumerate(own)}
        return one.weighted(weights)

    other_seeds = False
    for domain in [row.name for row in tables[0].domains]:
        cells = [
            replace(_on(common, table, cell), domain=side)
            for side, folder, table in zip(("first", "second"), folders, tables, strict=True)
            for cell in _scored(folder, table, domain)
        ]
        if not cells:
            continue
        judged = judge(
            cells,
            len(common),
            name=lambda cell: (cell.domain, cell.method),
            seed=seed_for(0, "study"),
            resamplings=1000,
        )
        rows = []
        for side, method in judged:
            one, other = judged[side, method], judged.get(("second", method))
            if side == "second" or other is None:
                continue
            if one.seeds != other.seeds:
                other_seeds = True
                continue
            values = quantities(one), quantities(other)
            for row in differences(other, one, quantities):
                row["values"] = [
                    value_row(*own[row["quantity"]], of)
                    for own, of in zip(values, (one, other), strict=True)
                ]
                found[method, domain, row["quantity"]] = row
                rows.append(row)
        correct(rows)
    if other_seeds:
        found.why = "the seeds are not the same"
    return found


def _origin(table: StudyTable, throws: Sequence[str]) -> list[Any]:
    """Where the test events of throws come from."""
    settings = table.settings
    simulation = settings.get("simulation") or {}
    gun = {key: simulation.get(key) for key in ("seed", "particles", "energy")}
    given = settings.get("throws")
    found: list[Any] = []
    for name in throws:
        source = given.get(name) if isinstance(given, Mapping) else None
        files = source.get("files") if isinstance(source, Mapping) else None
        found.append(files or (table.detector, gun))
    return found


def _compared_cells(table: StudyTable) -> Iterator[Cell]:
    for cell, state in zip(table.planned, table.cells, strict=True):
        if state.done and cell.left_out is None:
            yield cell


def _folder(folder: Path, cell: Cell) -> Path:
    return folder / CELLS / PlannedCell(cell.method, cell.domain, cell.target, cell.seed).name


def _scored(folder: Path, table: StudyTable, domain: str) -> Iterator[ScoredCell]:
    for cell in _compared_cells(table):
        if cell.domain == domain:
            planned = PlannedCell(cell.method, cell.domain, cell.target, cell.seed)
            yield load_scored(folder, planned, [throw.name for throw in table.throws])


def _on(common: Sequence[str], table: StudyTable, cell: ScoredCell) -> ScoredCell:
    """The same with the throws that both have, numbered alike, and no others."""
    names = [throw.name for throw in table.throws]
    places = np.array([common.index(n) if n in common else -1 for n in names], dtype=np.int32)
    throw = places[cell.throw]
    kept = throw >= 0
    return replace(
        cell,
        throw=throw[kept],
        key=cell.key[kept],
        y=cell.y[kept],
        scores=cell.scores[kept],
        embedding=None,
    )


def _axes(
    tables: tuple[StudyTable, StudyTable], common: Sequence[str]
) -> dict[str, dict[str, float]]:
    """The axes whose throws are the same in both."""
    second = {axis.parameter: set(axis.throws) for axis in tables[1].axes}
    found = {}
    for axis in tables[0].axes:
        if second.get(axis.parameter) == set(axis.throws) <= set(common):
            places = {name: tables[0].place(axis, name) for name in axis.throws}
            found[axis.parameter] = {n: value for n, value in places.items() if value is not None}
    return found


def _change(
    tables: tuple[StudyTable, StudyTable],
    method: str,
    domain: str,
    quantity: str,
    paired: _Pairs,
    common: Sequence[str],
) -> Iterator[Change]:
    rows = [_row(table, method, domain, quantity) for table in tables]
    if rows == [None, None]:
        return
    about = Change(method, domain, quantity, _ends(rows[0]), _ends(rows[1]))
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
    over_all = not quantity.startswith(_THROW) and quantity != "nominal"
    every = len(common) == len(tables[0].throws) == len(tables[1].throws)
    if over_all and not every:
        yield replace(about, note="the throws are not the same")
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
    if quantity.startswith(_THROW):
        return table.points.get((method, domain, quantity.removeprefix(_THROW)))
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
