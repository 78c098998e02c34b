"""The tables of a study, from the answers of its cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hitclr.studies.accuracy_tables import accuracy_tables
from hitclr.studies.calibration import calibration_error
from hitclr.studies.classes import class_scores
from hitclr.studies.invariance import invariance
from hitclr.studies.scored_cell import ScoredCell
from hitclr.studies.scores import confusion_matrix

__all__ = ["ScoredCell", "confusion_rows", "invariance_rows", "score_rows", "study_tables"]

Row = dict[str, Any]


def study_tables(
    cells: Sequence[ScoredCell],
    *,
    throws: Sequence[str],
    nominal: str,
    axes: Mapping[str, Mapping[str, float]],
    classes: Sequence[str],
    seed: int = 0,
) -> dict[str, list[Row]]:
    """The tables of a study that are made from the answers to the test events.

    Args:
        cells: the cells that are done.
        throws: the names of all throws.
        nominal: that of the nominal one.
        axes: for each parameter the throws along it, with its value.
        classes: the names of the classes.
        seed: of the resampling, and of the choice of events for the invariance.

    Returns:
        Rows by table: ``scores`` (`score_rows`), ``confusion`` (`confusion_rows`), ``invariance``
        (`invariance_rows`); ``summary``, ``curve`` and ``comparisons`` (`accuracy_tables`, for
        each training domain by itself).

    Raises:
        HitclrError: an event stands twice under one throw, or all throws of an axis have one value.
    """
    tables: dict[str, list[Row]] = {
        "scores": score_rows(cells, throws, classes),
        "confusion": confusion_rows(cells, throws, classes),
        "invariance": invariance_rows(cells, throws, nominal, seed=seed),
        "summary": [],
        "curve": [],
        "comparisons": [],
    }
    for domain in dict.fromkeys(cell.domain for cell in cells):
        own = [cell for cell in cells if cell.domain == domain]
        found = accuracy_tables(own, throws=throws, nominal=nominal, axes=axes, seed=seed)
        for name, rows in found.items():
            tables[name] += rows
    return tables


def score_rows(
    cells: Sequence[ScoredCell], throws: Sequence[str], classes: Sequence[str]
) -> list[Row]:
    """Of each cell under each throw the calibration error, and each class's efficiency and purity.

    See `calibration_error` and `class_scores`; accuracies and areas are of `score_events`, which
    each training has called.
    """
    rows = []
    for cell in cells:
        for number in np.unique(cell.throw):
            labels, answers = cell.of_throw(number)
            matrix = confusion_matrix(labels, answers.argmax(1), len(classes))
            for score in (calibration_error(labels, answers), *class_scores(matrix, classes)):
                rows.append(
                    {
                        "method": cell.method,
                        "domain": cell.domain,
                        "target": cell.target,
                        "left_out": cell.left_out,
                        "seed": cell.seed,
                        "throw": throws[number],
                        "metric": score.metric,
                        "value": score.value,
                        "low": score.low,
                        "high": score.high,
                        "events": score.events,
                    }
                )
    return rows


def confusion_rows(
    cells: Sequence[ScoredCell], throws: Sequence[str], classes: Sequence[str]
) -> list[Row]:
    """The confusion matrix of each method under each throw, summed over its seeds."""
    sums: dict[tuple[str, str, int], NDArray[np.int64]] = {}
    for cell in cells:
        for number in np.unique(cell.throw).tolist():
            labels, answers = cell.of_throw(number)
            matrix = confusion_matrix(labels, answers.argmax(1), len(classes))
            place = (cell.method, cell.domain, number)
            sums[place] = sums.get(place, np.zeros_like(matrix)) + matrix
    return [
        {"method": method, "domain": domain, "throw": throws[number], "matrix": matrix.tolist()}
        for (method, domain, number), matrix in sums.items()
    ]


def invariance_rows(
    cells: Sequence[ScoredCell], throws: Sequence[str], nominal: str, *, seed: int = 0
) -> list[Row]:
    """`invariance` between the nominal throw and each other one.

    Of the cells that kept their embeddings and were scored on the nominal throw and on others,
    which those of a method with a training for each target are not.
    """
    rows = []
    for cell in cells:
        middle = cell.throw == list(throws).index(nominal)
        if cell.embedding is None or not middle.any():
            continue
        names = _names(cell)
        for number in np.unique(cell.throw):
            mine = cell.throw == number
            if throws[number] == nominal:
                continue
            found = invariance(
                cell.embedding[middle], names[middle], cell.embedding[mine], names[mine], seed=seed
            )
            about = {"seed": cell.seed, "throw": throws[number]}
            rows += [
                {"method": cell.method, "domain": cell.domain, **about, "metric": k, "value": v}
                for k, v in found.items()
            ]
    return rows


def _names(cell: ScoredCell) -> NDArray[np.int64]:
    """One number for each key and class [M]: files of single classes may count from 0 each."""
    _, place = np.unique(cell.key, return_inverse=True)
    names: NDArray[np.int64] = place * 129 + cell.y + 1
    return names
