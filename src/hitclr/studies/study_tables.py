"""The tables of a study, from the answers of its cells."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hitclr.studies.bootstrap import Answers, Resampled, holm, interval, p_value, resample
from hitclr.studies.calibration import calibration_error
from hitclr.studies.invariance import invariance
from hitclr.studies.robustness import quantities
from hitclr.studies.scores import confusion_matrix

__all__ = ["ScoredCell", "study_tables"]

_LEVEL = 0.05

Axes = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, eq=False)
class ScoredCell:
    """What one training answered to the test events.

    Attributes:
        method: its line in the comparison.
        domain: what it was trained on.
        target: the throw that it was adapted to; None for none.
        seed: the seed.
        throw: [M] int32, the throw of each event.
        key: [M] int64, the same for one event under all throws.
        y: [M], its class, -1 where it is unknown.
        scores: [M, C] float32, the probabilities.
        embedding: [M, D]; None where it was not kept.
    """

    method: str
    domain: str
    target: str | None
    seed: int
    throw: NDArray[np.int32]
    key: NDArray[np.int64]
    y: NDArray[np.int8]
    scores: NDArray[np.float32]
    embedding: NDArray[np.floating] | None = None


def study_tables(
    cells: Sequence[ScoredCell],
    *,
    throws: Sequence[str],
    nominal: str,
    axes: Axes,
    classes: Sequence[str],
    seed: int = 0,
) -> dict[str, list[dict[str, Any]]]:
    """The tables of a study, by name, as lists of rows.

    ``scores``: of each cell and throw the calibration error, the efficiency (the share of a
    class's events that are taken for it) and the purity (the share of what is taken for it that
    is). ``summary``: of each method the quantities of `quantities`. ``curve``: its accuracy under
    each throw. ``comparisons``: of each pair of methods the difference of the quantities, over the
    throws that both were scored on. ``confusion``: summed over seeds. ``invariance``: of
    `invariance`, against the nominal throw.

    Args:
        cells: the cells that are done.
        throws: the names of all throws.
        nominal: that of the nominal one.
        axes: for each parameter the throws along it with its value.
        classes: the names of the classes.
        seed: of the resampling.
    """
    tables: dict[str, list[dict[str, Any]]] = {
        "scores": [row for cell in cells for row in _scores(cell, throws, classes)],
        "confusion": _confusion(cells, throws, len(classes)),
        "invariance": [row for cell in cells for row in _invariance(cell, throws, nominal)],
        "summary": [],
        "curve": [],
        "comparisons": [],
    }
    for domain in dict.fromkeys(cell.domain for cell in cells):
        own = [cell for cell in cells if cell.domain == domain]
        for name, rows in _domain(domain, own, throws, nominal, axes, seed).items():
            tables[name] += rows
    return tables


def _of(cell: ScoredCell, throw: str) -> dict[str, Any]:
    return {
        "method": cell.method,
        "domain": cell.domain,
        "target": cell.target,
        "seed": cell.seed,
        "throw": throw,
    }


def _scores(
    cell: ScoredCell, throws: Sequence[str], classes: Sequence[str]
) -> list[dict[str, Any]]:
    """The calibration error, and the efficiency and the purity of each class."""
    rows = []
    for number in np.unique(cell.throw):
        mine = (cell.throw == number) & (cell.y >= 0)
        labels, scores = cell.y[mine].astype(np.int64), cell.scores[mine]
        matrix = confusion_matrix(labels, scores.argmax(1), len(classes))
        found: dict[str, float | None] = {"ECE": calibration_error(labels, scores)}
        for place, name in enumerate(classes):
            right, of_class, taken = (
                matrix[place, place],
                matrix[place].sum(),
                matrix[:, place].sum(),
            )
            found[f"efficiency {name}"] = float(right / of_class) if of_class else None
            found[f"purity {name}"] = float(right / taken) if taken else None
        shared = {"low": None, "high": None, "events": int(mine.sum())}
        rows += [
            {**_of(cell, throws[number]), "metric": metric, "value": value, **shared}
            for metric, value in found.items()
        ]
    return rows


def _confusion(
    cells: Sequence[ScoredCell], throws: Sequence[str], classes: int
) -> list[dict[str, Any]]:
    """Summed over seeds."""
    sums: dict[tuple[str, str, int], NDArray[np.int64]] = {}
    for cell in cells:
        for number in np.unique(cell.throw):
            mine = (cell.throw == number) & (cell.y >= 0)
            predicted = cell.scores[mine].argmax(1)
            matrix = confusion_matrix(cell.y[mine].astype(np.int64), predicted, classes)
            place = (cell.method, cell.domain, int(number))
            sums[place] = sums.get(place, np.zeros_like(matrix)) + matrix
    return [
        {"method": method, "domain": domain, "throw": throws[number], "matrix": matrix.tolist()}
        for (method, domain, number), matrix in sums.items()
    ]


def _invariance(cell: ScoredCell, throws: Sequence[str], nominal: str) -> list[dict[str, Any]]:
    """Of each throw with the nominal one, where the embeddings were kept."""
    middle = cell.throw == list(throws).index(nominal)
    if cell.embedding is None or not middle.any():
        return []
    rows = []
    for number in np.unique(cell.throw):
        mine = cell.throw == number
        if throws[number] == nominal:
            continue
        found = invariance(
            cell.embedding[middle], cell.key[middle], cell.embedding[mine], cell.key[mine]
        )
        rows += [
            {**_of(cell, throws[number]), "metric": metric, "value": value}
            for metric, value in found.items()
        ]
    return rows


def _domain(
    domain: str,
    cells: Sequence[ScoredCell],
    throws: Sequence[str],
    nominal: str,
    axes: Axes,
    seed: int,
) -> dict[str, list[dict[str, Any]]]:
    """The tables of accuracies of one training domain."""
    names = list(dict.fromkeys(cell.method for cell in cells))
    answers = _answers(cells, names, len(throws))
    drawn = dict(zip(names, resample(list(answers.values()), seed=seed), strict=True))
    seen = {name: _seen(answers[name]) for name in names}
    summary, curve = [], []
    for name in names:
        one, own = drawn[name], seen[name]
        many = len(answers[name].seeds) > 1
        shared = {"method": name, "domain": domain, "seeds_drawn": many}
        for number in own:
            low, high = interval(one.value[number], one.drawn[:, number])
            spread = _spread(one.by_seed[:, number])
            row = {"throw": throws[number], "value": float(one.value[number])}
            curve.append({**shared, **row, "low": low, "high": high, "spread": spread})
        found = _quantities(one, own, throws, nominal, axes)
        for quantity, (value, by_seed, resampled) in found.items():
            low, high = interval(value, resampled)
            summary.append(
                {
                    **shared,
                    "quantity": quantity,
                    "value": value,
                    "low": low,
                    "high": high,
                    "throws": len(own),
                    "seeds": dict(
                        zip(map(str, answers[name].seeds), by_seed.tolist(), strict=True)
                    ),
                    "spread": _spread(by_seed),
                }
            )
    comparisons: list[dict[str, Any]] = []
    for first, second in itertools.combinations(names, 2):
        both = [number for number in seen[first] if number in seen[second]]
        if not both:
            continue
        found, other = (
            _quantities(drawn[name], both, throws, nominal, axes) for name in (first, second)
        )
        for quantity in found:
            difference = found[quantity][0] - other[quantity][0]
            resampled = found[quantity][2] - other[quantity][2]
            low, high = interval(difference, resampled)
            comparisons.append(
                {
                    "domain": domain,
                    "first": first,
                    "second": second,
                    "quantity": quantity,
                    "difference": difference,
                    "low": low,
                    "high": high,
                    "p": p_value(difference, resampled),
                    "throws": len(both),
                    "seeds": min(len(answers[first].seeds), len(answers[second].seeds)),
                    "events": int(answers[first].there[:, both].any(1).sum()),
                }
            )
    _correct(comparisons)
    return {"summary": summary, "curve": curve, "comparisons": comparisons}


def _correct(rows: list[dict[str, Any]]) -> None:
    """Holm's correction for the number of pairs, for each quantity by itself."""
    for quantity in {row["quantity"] for row in rows}:
        own = [row for row in rows if row["quantity"] == quantity and row["p"] is not None]
        for row, value in zip(own, holm([row["p"] for row in own]), strict=True):
            row["p_holm"] = value
            row["survives"] = value < _LEVEL
    for row in rows:
        row.setdefault("p_holm", None)
        row.setdefault("survives", False)


def _answers(cells: Sequence[ScoredCell], names: Sequence[str], throws: int) -> dict[str, Answers]:
    """The answers of each method to all events of known class."""
    keys = np.unique(np.concatenate([cell.key[cell.y >= 0] for cell in cells]))
    made = {}
    for name in names:
        own = [cell for cell in cells if cell.method == name]
        seeds = tuple(sorted({cell.seed for cell in own}))
        right = np.zeros((len(seeds), len(keys), throws), dtype=np.bool_)
        there = np.zeros_like(right)
        for cell in own:
            known = cell.y >= 0
            event = np.searchsorted(keys, cell.key[known])
            place = (seeds.index(cell.seed), event, cell.throw[known])
            right[place] = cell.scores[known].argmax(1) == cell.y[known]
            there[place] = True
        # Of a method with a training for each target, some may not be done.
        whole = there.any(1).all(0)
        there, right = there & whole, right & whole
        made[name] = Answers(right, there[0], seeds)
    return made


def _seen(answers: Answers) -> list[int]:
    """The throws that a method was scored on, from all seeds."""
    return [int(number) for number in np.flatnonzero(answers.there.any(0))]


def _quantities(
    one: Resampled, own: Sequence[int], throws: Sequence[str], nominal: str, axes: Axes
) -> dict[str, tuple[float, NDArray[np.float64], NDArray[np.float64]]]:
    """Of each quantity the value, that of each seed, and the resamplings."""
    names = [throws[number] for number in own]
    parts = [
        quantities(scores[..., own], names, nominal=nominal, axes=axes)
        for scores in (one.value, one.by_seed, one.drawn)
    ]
    return {name: (float(parts[0][name]), parts[1][name], parts[2][name]) for name in parts[0]}


def _spread(values: NDArray[np.float64]) -> float | None:
    """The standard deviation over seeds; None for one seed."""
    return float(values.std(ddof=1)) if len(values) > 1 else None
