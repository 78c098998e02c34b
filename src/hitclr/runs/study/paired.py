"""The differences of two studies that are worked out event by event and seed by seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hitclr.errors import OutputError
from hitclr.reports.study import StudyTable
from hitclr.reports.study.table import Cell
from hitclr.rng import seed_for
from hitclr.runs.folder import SETTINGS
from hitclr.runs.study.cell import CELL_ARRAYS
from hitclr.runs.study.cells import CELLS, PlannedCell
from hitclr.runs.study.collect import load_scored
from hitclr.studies.judged import Judged, Quantities, correct, differences, judge, value_row
from hitclr.studies.robustness import quantity_weights
from hitclr.studies.scored_cell import ScoredCell
from hitclr.validation import read_mapping

__all__ = ["THROW", "Pairs", "common_axes", "paired_differences"]

THROW = "throw "
"""What begins the name of a quantity that is of one throw."""

_FILES = "files"
_OTHER_EVENTS = "the test events are not the same"


class Pairs(dict[tuple[str, str, str], dict[str, Any]]):
    """Rows of `differences` by method, domain and quantity; and why others are not there."""

    why: str = ""


def paired_differences(
    folders: tuple[Path, Path], tables: tuple[StudyTable, StudyTable], common: Sequence[str]
) -> Pairs:
    """The differences that are of the same events and seeds.

    Args:
        folders: of the two studies.
        tables: their tables.
        common: the throws that both have, with the same values.

    Raises:
        OutputError: a cell cannot be read.
    """
    found = Pairs()
    of_files = [
        number for number, origin in enumerate(_origin(tables[0], common)) if origin == _FILES
    ]
    found.why = _why_not(folders, tables, common, of_files)
    if found.why:
        return found
    axes = common_axes(tables, common)
    nominal = tables[0].nominal if tables[0].nominal == tables[1].nominal else ""

    def quantities(one: Judged) -> Quantities:
        own = [common[number] for number in one.throws]
        weights = quantity_weights(one.by_seed.mean(0), own, nominal=nominal, axes=axes)
        single = np.eye(len(own))
        weights |= {f"{THROW}{name}": single[place] for place, name in enumerate(own)}
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
        if not all(_same_events(cells, number) for number in of_files):
            found.why = _OTHER_EVENTS
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
            throws = [number for number in one.throws if number in other.throws]
            if not throws:
                continue
            one, other = one.on(throws, one.seeds), other.on(throws, other.seeds)
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


def _why_not(
    folders: tuple[Path, Path],
    tables: tuple[StudyTable, StudyTable],
    common: Sequence[str],
    of_files: Sequence[int],
) -> str:
    """Why nothing can be paired; empty where something may be.

    Args:
        folders: of the two studies.
        tables: their tables.
        common: the throws that both have.
        of_files: the numbers of those whose events are of files, not simulated.
    """
    if not common:
        return "no throw is in both"
    if _origin(tables[0], common) != _origin(tables[1], common):
        return _OTHER_EVENTS
    needed = {"events": CELL_ARRAYS, **({"settings": SETTINGS} if of_files else {})}
    for what, name in needed.items():
        for folder, table in zip(folders, tables, strict=True):
            if not all((_folder(folder, cell) / name).is_file() for cell in _compared_cells(table)):
                return f"the {what} of cells are not in {folder}"
    if of_files:
        first, second = map(_files, folders, tables)
        names = [common[number] for number in of_files]
        if any(first.get(name) != second.get(name) for name in names):
            return _OTHER_EVENTS
    return ""


def _origin(table: StudyTable, throws: Sequence[str]) -> list[Any]:
    """Where the test events of throws come from; of those of files `_files` has the names."""
    settings = table.settings
    simulation = settings.get("simulation") or {}
    gun = {key: simulation.get(key) for key in ("seed", "particles", "energy")}
    given = settings.get("throws")
    found: list[Any] = []
    for name in throws:
        source = given.get(name) if isinstance(given, Mapping) else None
        files = source.get("files") if isinstance(source, Mapping) else None
        found.append(_FILES if files else (table.detector, gun))
    return found


def _files(folder: Path, table: StudyTable) -> dict[str, Any]:
    """The files of each throw, as the settings of cells name them: in full.

    The table has them as the study's file does: from the folder that this was in.

    Raises:
        OutputError: the settings of a cell cannot be read.
    """
    found: dict[str, Any] = {}
    for cell in _compared_cells(table):
        throws = [throw.name for throw in table.throws] if cell.target is None else [cell.target]
        if set(throws) <= set(found):
            continue
        path = _folder(folder, cell) / SETTINGS
        settings = read_mapping(path, "the settings of a cell", "data: ...", OutputError)
        try:
            samples = settings["data"]["samples"]
            found |= {name: samples[f"{name} (test)"]["files"] for name in throws}
        except (KeyError, TypeError) as error:
            message = (
                f"{path}: expected the files of the throws {', '.join(throws)} under data.samples, "
                f"got none\n  what to do: delete the cell, and run the study again"
            )
            raise OutputError(message) from error
    return found


def _same_events(cells: Sequence[ScoredCell], throw: int) -> bool:
    """Whether the events of a throw have the same keys and classes in both studies."""
    found: dict[str, set[tuple[int, int]]] = {}
    for cell in cells:
        mine = cell.throw == throw
        if cell.domain not in found and mine.any():
            keys, classes = cell.key[mine].tolist(), cell.y[mine].tolist()
            found[cell.domain] = set(zip(keys, classes, strict=True))
    return len(found) < 2 or found["first"] == found["second"]


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


def common_axes(
    tables: tuple[StudyTable, StudyTable], common: Sequence[str]
) -> dict[str, dict[str, float]]:
    """The places of the throws along each axis whose throws are the same in both.

    Args:
        tables: of the two studies.
        common: the throws that both have.
    """
    second = {axis.parameter: set(axis.throws) for axis in tables[1].axes}
    found = {}
    for axis in tables[0].axes:
        if second.get(axis.parameter) == set(axis.throws) <= set(common):
            places = {name: tables[0].place(axis, name) for name in axis.throws}
            found[axis.parameter] = {n: value for n, value in places.items() if value is not None}
    return found
