"""From finished cells to the tables and the report of a study."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from hitclr.errors import MissingExtraError, OutputError
from hitclr.io.whole_file import write_json
from hitclr.io.writing import write_parquet
from hitclr.plugins import Plugins
from hitclr.plugins.extensions import section_writers
from hitclr.reports.study import write_study_report
from hitclr.rng import seed_for
from hitclr.runs.study.cell import CELL_ARRAYS, read_cell
from hitclr.runs.study.cells import CELLS, PlannedCell
from hitclr.runs.study.inputs import common_values
from hitclr.runs.study.run import Study, done_cells
from hitclr.studies.shift_tables import shift_tables
from hitclr.studies.study_tables import ScoredCell, score_rows, study_tables

__all__ = ["SCORES_FILE", "STUDY_TABLE", "load_scored", "write_study"]

STUDY_TABLE = "study.json"
"""The tables, in the folder of the study."""

SCORES_FILE = "scores.parquet"
"""Every score of every cell and throw, beside `STUDY_TABLE`, where pyarrow is installed."""

_SCORE_COLUMNS = {
    **dict.fromkeys(("method", "domain", "target", "left_out"), "string"),
    "seed": "int64",
    **dict.fromkeys(("throw", "metric"), "string"),
    **dict.fromkeys(("value", "low", "high"), "float64"),
    "events": "int64",
}

_VERSIONS = ("hitclr", "torch", "torch-geometric", "lightning", "numpy", "scikit-learn")


def write_study(study: Study, plugins: Plugins) -> Path:
    """Make the tables of the cells that are done, and the report.

    Args:
        study: of `prepare_study`.
        plugins: the registries.

    Returns:
        The page.

    Raises:
        OutputError: a cell cannot be read, or a table cannot be written.
        PluginError: a section of the report cannot be made, or a hook ``after_study`` fails.
    """
    done = done_cells(study)
    known = {cell: read_cell(study.out / CELLS / cell.name) for cell in done}
    throws = list(study.inputs.throws)
    axes = _axes(study, plugins)
    scored = {cell: load_scored(study.out, cell, throws) for cell in done}
    classes = next(iter(known.values()))["classes"] if known else []
    tables = study_tables(
        [one for cell, one in scored.items() if cell.left_out is None],
        throws=throws,
        nominal=study.inputs.nominal,
        axes={axis["parameter"]: _places(axis, study) for axis in axes},
        classes=classes,
        seed=seed_for(0, "study"),
    )
    tables |= _shift_tables(study, scored)
    whole = {cell: table for cell, table in known.items() if cell.left_out is None}
    scores = [*_cell_scores(whole, throws), *tables["scores"]]
    content = {
        "title": study.settings.title,
        "notes": list(study.settings.notes),
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "versions": {name: version(name) for name in _VERSIONS},
        "settings": study.settings.plain(),
        "detector": study.settings.detector,
        "classes": classes,
        "seeds": list(study.settings.seeds),
        "nominal": study.inputs.nominal,
        "throws": _named({name: one.values for name, one in study.inputs.throws.items()}),
        "axes": axes,
        "domains": _named({name: common_values(one) for name, one in study.inputs.domains.items()}),
        "shifts": [
            {"name": name, **study.settings.shifts[name].model_dump(mode="json"), "throws": throws}
            for name, throws in study.shifts.items()
        ],
        "methods": _methods(study, known, plugins),
        "cells": [{**_of(cell), "done": cell in known} for cell in study.cells],
        **tables,
        "scores": scores,
        "cost": [
            {**_of(cell), **table["cost"], "select": table["selection"]["validator"]}
            for cell, table in known.items()
        ],
        "losses": [{**_of(cell), "history": table["history"]} for cell, table in known.items()],
        "few_labels": _few_labels(whole, throws),
        "selection": _selection(whole),
        "skipped": _skipped(known),
    }
    write_json(study.out / STUDY_TABLE, content)
    without = {cell: table for cell, table in known.items() if cell.left_out is not None}
    scores += _cell_scores(without, throws)
    scores += score_rows([scored[cell] for cell in without], throws, classes)
    _write_scores(study.out / SCORES_FILE, scores)
    page = write_study_report(study.out, section_writers(plugins))
    plugins.tell("after_study", folder=study.out)
    return page


def _write_scores(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the scores for dataframes; where that cannot be, no file of earlier scores stays."""
    try:
        write_parquet(path, rows, _SCORE_COLUMNS)
    except MissingExtraError:
        path.unlink(missing_ok=True)


def _shift_tables(
    study: Study, scored: Mapping[PlannedCell, ScoredCell]
) -> dict[str, list[dict[str, Any]]]:
    """The tables of `shift_tables`, for each training domain by itself."""
    tables: dict[str, list[dict[str, Any]]] = {}
    if not study.shifts:
        return tables
    for domain in study.inputs.domains:
        own = [one for cell, one in scored.items() if cell.domain == domain and cell.target is None]
        modelled = {method: shown for (method, on), shown in study.modelled.items() if on == domain}
        found = shift_tables(
            own,
            throws=list(study.inputs.throws),
            shifts=study.shifts,
            modelled=modelled,
            seed=seed_for(0, "study"),
        )
        for name, rows in found.items():
            tables.setdefault(name, []).extend(rows)
    return tables


def _few_labels(
    known: Mapping[PlannedCell, Mapping[str, Any]], throws: Sequence[str]
) -> list[dict[str, Any]]:
    """The accuracy of probes on few labels; without a throw where there was no probe.

    Their other scores stay in the tables of the cells: no section has them, and they would be
    half of the study's.
    """
    rows = []
    for cell, table in known.items():
        by_fraction: dict[float, list[Mapping[str, Any]]] = {}
        for row in table["few_labels"]:
            if row["metric"] == "accuracy":
                by_fraction.setdefault(row["fraction"], []).append(row)
        for fraction, own in by_fraction.items():
            scored = [row for row in own if row["value"] is not None or not row["note"]]
            about = {**_of(cell), "fraction": fraction, "labels": own[0]["labels"]}
            if not scored:
                rows.append({**about, "throw": None, "metric": own[0]["metric"], "value": None,
                             "note": own[0]["note"]})  # fmt: skip
            for throw, row in _by_throw(cell, own, throws) if scored else ():
                kept = {key: row[key] for key in ("metric", "value", "low", "high", "events")}
                rows.append({**about, "throw": throw, **kept, "note": row["note"]})
    return rows


def _selection(known: Mapping[PlannedCell, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """For each training that saw a target what its validator chose, and what labels would have."""
    rows = []
    for cell, table in known.items():
        if cell.target is None:
            continue
        chosen = table["selection"]
        last = len(table["history"]) - 1
        rows.append(
            {
                **_of(cell),
                "validator": chosen["validator"],
                "looks_at": chosen["looks_at"],
                "chosen_epoch": last if chosen["epoch"] is None else chosen["epoch"],
                "by_validator": chosen["by_validator"],
                "by_oracle": chosen["by_oracle"],
                "oracle_epoch": chosen["oracle_epoch"],
            }
        )
    return rows


def _cell_scores(
    known: Mapping[PlannedCell, Mapping[str, Any]], throws: Sequence[str]
) -> list[dict[str, Any]]:
    """The scores that each cell gave its throws."""
    rows = []
    for cell, table in known.items():
        for throw, row in _by_throw(cell, table["scores"], throws):
            kept = {key: row[key] for key in ("metric", "value", "low", "high", "events")}
            rows.append({**_of(cell), "throw": throw, **kept})
    return rows


def _by_throw(
    cell: PlannedCell, rows: Sequence[Mapping[str, Any]], throws: Sequence[str]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Scores with the throws that they are of, without those of all throws together."""
    names = {f"{throw} (test)": throw for throw in throws}
    several = any(row["sample"] for row in rows)
    for row in rows:
        if row["sample"] or not several:
            yield names[row["sample"]] if several else (cell.target or throws[0]), row


def load_scored(out: Path, cell: PlannedCell, throws: Sequence[str]) -> ScoredCell:
    """What a finished cell answered to the test events.

    Where the schema has no key, events of different throws are different events.

    Args:
        out: the folder of the study.
        cell: the cell.
        throws: all throws of the study, in order. A cell with a target was scored on that one
            alone, whatever its place was when the cell was run.

    Raises:
        OutputError: the arrays cannot be read.
    """
    path = out / CELLS / cell.name / CELL_ARRAYS
    try:
        with np.load(path) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError) as error:
        message = f"{path} cannot be read: {error}\n  what to do: delete the cell, and run again"
        raise OutputError(message) from error
    if cell.target is not None:
        found["throw"] = np.full_like(found["throw"], throws.index(cell.target))
    if "entry" in found:
        found["key"] = (found["throw"].astype(np.int64) << 54) + found.pop("entry")
    return ScoredCell(**_of(cell), **{"embedding": None, **found})


def _of(cell: PlannedCell) -> dict[str, Any]:
    return {
        "method": cell.method,
        "domain": cell.domain,
        "target": cell.target,
        "left_out": cell.left_out,
        "seed": cell.seed,
    }


def _named(sources: Mapping[str, Mapping[str, float]]) -> list[dict[str, Any]]:
    return [{"name": name, "values": dict(values)} for name, values in sources.items()]


def _axes(study: Study, plugins: Plugins) -> list[dict[str, Any]]:
    """The throws that differ from the nominal one in a single parameter, by parameter."""
    throws, nominal = study.inputs.throws, study.inputs.nominal
    if study.settings.detector is None:
        return []
    detector = plugins.detectors.get(study.settings.detector)
    middle = throws[nominal].values
    found: dict[str, list[str]] = {}
    for name, throw in throws.items():
        changed = [key for key in middle if throw.values.get(key) != middle[key]]
        if len(changed) == 1:
            found.setdefault(changed[0], []).append(name)
    axes = []
    for parameter, names in found.items():
        order = sorted([nominal, *names], key=lambda name: throws[name].values[parameter])
        about = detector.parameter(parameter)
        axes.append(
            {
                "parameter": parameter,
                "unit": about.unit,
                "nominal": middle[parameter],
                "throws": order,
            }
        )
    return axes


def _places(axis: Mapping[str, Any], study: Study) -> dict[str, float]:
    throws = study.inputs.throws
    return {name: throws[name].values[axis["parameter"]] for name in axis["throws"]}


def _methods(
    study: Study, known: Mapping[PlannedCell, Mapping[str, Any]], plugins: Plugins
) -> list[dict[str, Any]]:
    views = {cell.method: table["cost"]["views"] for cell, table in known.items()}
    return [
        {
            "name": name,
            "method": method.method.name,
            "target": method.target is not None,
            "labels": plugins.methods.get(method.method.name).needs.target == "labelled",
            "views": views.get(name),
            "settings": method.model_dump(mode="json", exclude_none=True),
        }
        for name, method in study.settings.methods.items()
    ]


def _skipped(known: Mapping[PlannedCell, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What the bad-input policy left out, each sample once."""
    rows: Sequence[dict[str, Any]] = [row for table in known.values() for row in table["skipped"]]
    return [dict(row) for row in {json.dumps(row, sort_keys=True): row for row in rows}.values()]
