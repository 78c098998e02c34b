"""From finished cells to the tables and the report of a study."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from hitclr.errors import OutputError
from hitclr.plugins import Plugins
from hitclr.plugins.extensions import section_writers
from hitclr.reports.study import write_study_report
from hitclr.rng import seed_for
from hitclr.runs.study.cell import CELL_ARRAYS, read_cell
from hitclr.runs.study.cells import CELLS, PlannedCell
from hitclr.runs.study.run import Study, done_cells
from hitclr.studies.study_tables import ScoredCell, study_tables

__all__ = ["STUDY_TABLE", "write_study"]

STUDY_TABLE = "study.json"
"""The tables, in the folder of the study."""

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
    scored = [_scored(study.out, cell) for cell in done]
    classes = next(iter(known.values()))["classes"] if known else []
    tables = study_tables(
        scored,
        throws=throws,
        nominal=study.inputs.nominal,
        axes={axis["parameter"]: _places(axis, study) for axis in axes},
        classes=classes,
        seed=seed_for(0, "study"),
    )
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
        "throws": _named(study.inputs.throws),
        "axes": axes,
        "domains": _named(study.inputs.domains),
        "methods": _methods(study, known),
        "cells": [{**_of(cell), "done": cell in known} for cell in study.cells],
        **tables,
        "scores": [*_cell_scores(known, throws), *tables["scores"]],
        "cost": [
            {**_of(cell), **table["cost"], "select": table["selection"]["validator"]}
            for cell, table in known.items()
        ],
        "losses": [{**_of(cell), "history": table["history"]} for cell, table in known.items()],
        "few_labels": [
            {**_of(cell), **row} for cell, table in known.items() for row in table["few_labels"]
        ],
        "selection": [],
        "skipped": _skipped(known),
    }
    path = study.out / STUDY_TABLE
    try:
        part = path.with_name(f".{path.name}.{os.getpid()}")
        part.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        message = f"cannot write {path}: {error.strerror or error}"
        raise OutputError(message) from error
    page = write_study_report(study.out, section_writers(plugins))
    plugins.tell("after_study", folder=study.out)
    return page


def _cell_scores(
    known: Mapping[PlannedCell, Mapping[str, Any]], throws: Sequence[str]
) -> list[dict[str, Any]]:
    """The scores that each cell gave its throws."""
    names = {f"{throw} (test)": throw for throw in throws}
    rows = []
    for cell, table in known.items():
        several = any(row["sample"] for row in table["scores"])
        for row in table["scores"]:
            if several and not row["sample"]:
                continue  # of all throws together
            throw = names[row["sample"]] if several else (cell.target or throws[0])
            kept = {key: row[key] for key in ("metric", "value", "low", "high", "events")}
            rows.append({**_of(cell), "throw": throw, **kept})
    return rows


def _scored(out: Path, cell: PlannedCell) -> ScoredCell:
    path = out / CELLS / cell.name / CELL_ARRAYS
    try:
        with np.load(path) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError) as error:
        message = f"{path} cannot be read: {error}\n  what to do: delete the cell, and run again"
        raise OutputError(message) from error
    return ScoredCell(**_of(cell), **{"embedding": None, **found})


def _of(cell: PlannedCell) -> dict[str, Any]:
    return {
        "method": cell.method,
        "domain": cell.domain,
        "target": cell.target,
        "seed": cell.seed,
    }


def _named(sources: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"name": name, "values": dict(one.values)} for name, one in sources.items()]


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


def _methods(study: Study, known: Mapping[PlannedCell, Mapping[str, Any]]) -> list[dict[str, Any]]:
    views = {cell.method: table["cost"]["views"] for cell, table in known.items()}
    return [
        {
            "name": name,
            "method": method.method.name,
            "target": method.target is not None,
            "views": views.get(name),
            "settings": method.model_dump(mode="json", exclude_none=True),
        }
        for name, method in study.settings.methods.items()
    ]


def _skipped(known: Mapping[PlannedCell, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What the bad-input policy left out, each sample once."""
    rows: Sequence[dict[str, Any]] = [row for table in known.values() for row in table["skipped"]]
    return [dict(row) for row in {json.dumps(row, sort_keys=True): row for row in rows}.values()]
