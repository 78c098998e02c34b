"""The tables of accuracies of a study: over throws, by throw, differences of methods."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hitclr.errors import HitclrError
from hitclr.studies.bootstrap import Answers, resample_events
from hitclr.studies.comparison import SeedMean, holm, seed_mean
from hitclr.studies.robustness import WORST, quantity_weights
from hitclr.studies.scored_cell import ScoredCell

__all__ = ["accuracy_tables"]

_SURVIVES = 0.05

Floats = NDArray[np.float64]
Row = dict[str, Any]


def accuracy_tables(
    cells: Sequence[ScoredCell],
    *,
    throws: Sequence[str],
    nominal: str,
    axes: Mapping[str, Mapping[str, float]],
    seed: int = 0,
    resamplings: int = 1000,
) -> dict[str, list[Row]]:
    """``summary``, ``curve`` and ``comparisons`` of the methods of one training domain.

    Under each throw those events count that all methods have there. A method is judged from the
    seeds that were scored on most throws, and on the throws that all of these have. A quantity of
    the summary is given only where all its throws were scored. Two methods are compared on the
    throws and seeds that both have. Intervals and p-values are of `seed_mean`; ``interval`` says
    what they are for. Holm's correction is over all pairs of methods for each quantity by itself:
    each quantity is a question of its own, named beforehand.

    Args:
        cells: the cells of the domain.
        throws: the names of all throws.
        nominal: that of the nominal one.
        axes: for each parameter the throws along it, with its value.
        seed: of the resampling.
        resamplings: of the events.

    Raises:
        HitclrError: an event stands twice under one throw, or all throws of an axis have one value.
    """
    judged = _judged(cells, len(throws), seed, resamplings)
    summary: list[Row] = []
    curve: list[Row] = []
    comparisons: list[Row] = []
    for name, one in judged.items():
        about = {"method": name, "domain": cells[0].domain}
        for number in one.throws:
            single = one.on([number], one.seeds)
            row = _row(seed_mean(single.by_seed[:, 0], single.mean_drawn[:, 0], least=0), single)
            curve.append({**about, "throw": throws[number], **row})
        for quantity, (by_seed, drawn) in one.quantities(throws, nominal, axes).items():
            if quantity in ("mean", WORST) and len(one.throws) < len(throws):
                continue
            row = _row(seed_mean(by_seed, drawn, least=0), one)
            each = map(_number, by_seed)
            seeds = dict(zip(map(str, one.seeds), each, strict=True))
            summary.append({**about, "quantity": quantity, **row, "seeds": seeds})
    for first, second in itertools.combinations(judged, 2):
        pair = _in_common(judged[first], judged[second])
        if pair is None:
            continue
        others = pair[1].quantities(throws, nominal, axes)
        for quantity, (by_seed, drawn) in pair[0].quantities(throws, nominal, axes).items():
            other = others[quantity]
            found = seed_mean(by_seed - other[0], drawn - other[1], least=-1)
            row = _row(found, pair[0])
            comparisons.append(
                {
                    "domain": cells[0].domain,
                    "first": first,
                    "second": second,
                    "quantity": quantity,
                    "difference": row.pop("value"),
                    **row,
                    "p": found.p,
                    "p_holm": None,
                    "survives": None,
                    "seeds": len(pair[0].seeds),
                }
            )
    _correct(comparisons)
    return {"summary": summary, "curve": curve, "comparisons": comparisons}


@dataclass(frozen=True, eq=False)
class _Judged:
    """The accuracies of a method.

    Attributes:
        throws: the numbers of its T throws.
        seeds: its S seeds.
        by_seed: [S, T].
        drawn: [R, S, T], in resamplings of the events.
        there: [E, T] bool, the events of each throw.
    """

    throws: list[int]
    seeds: list[int]
    by_seed: Floats
    drawn: Floats
    there: NDArray[np.bool_]

    def on(self, throws: Sequence[int], seeds: Sequence[int]) -> _Judged:
        """The same for fewer throws and seeds."""
        columns = [self.throws.index(number) for number in throws]
        rows = [self.seeds.index(number) for number in seeds]
        return _Judged(
            list(throws),
            list(seeds),
            self.by_seed[np.ix_(rows, columns)],
            self.drawn[:, rows][:, :, columns],
            self.there[:, columns],
        )

    @property
    def mean_drawn(self) -> Floats:
        """The mean over seeds in each resampling [R, T]."""
        mean: Floats = self.drawn.mean(1)
        return mean

    def quantities(
        self, names: Sequence[str], nominal: str, axes: Mapping[str, Mapping[str, float]]
    ) -> dict[str, tuple[Floats, Floats]]:
        """Of each quantity the value of each seed [S] and that of each resampling [R].

        The worst throw is the one where the mean over seeds is lowest; it is chosen anew in each
        resampling.
        """
        own = [names[number] for number in self.throws]
        drawn = self.mean_drawn
        weights = quantity_weights(self.by_seed.mean(0), own, nominal=nominal, axes=axes)
        return {
            quantity: (self.by_seed @ weight, drawn.min(1) if quantity == WORST else drawn @ weight)
            for quantity, weight in weights.items()
        }


def _in_common(one: _Judged, other: _Judged) -> tuple[_Judged, _Judged] | None:
    """Two methods on the throws and seeds that both have; None where there are none."""
    throws = [number for number in one.throws if number in other.throws]
    seeds = [number for number in one.seeds if number in other.seeds]
    if not throws or not seeds:
        return None
    return one.on(throws, seeds), other.on(throws, seeds)


def _row(found: SeedMean, of: _Judged) -> Row:
    """A mean over seeds as it stands in a table."""
    return {
        "value": _number(found.value),
        "low": found.low,
        "high": found.high,
        "spread": None if found.spread is None else _number(found.spread),
        "interval": "events and seeds" if len(of.seeds) > 1 else "events",
        "throws": len(of.throws),
        "events": int(of.there.any(1).sum()),
    }


def _number(value: float) -> float | None:
    """None for NaN, which tables do not have."""
    return float(value) if np.isfinite(value) else None


def _correct(rows: list[Row]) -> None:
    """Put in Holm's correction, for each quantity by itself."""
    for quantity in dict.fromkeys(row["quantity"] for row in rows):
        own = [row for row in rows if row["quantity"] == quantity and row["p"] is not None]
        for row, value in zip(own, holm([row["p"] for row in own]), strict=True):
            row["p_holm"], row["survives"] = value, value < _SURVIVES


def _judged(
    cells: Sequence[ScoredCell], throws: int, seed: int, resamplings: int
) -> dict[str, _Judged]:
    """The accuracies of each method, on the events that all have."""
    events = _numbered(cells)
    number = 1 + max((int(rows.max()) for rows in events if len(rows)), default=-1)
    common = np.ones((number, throws), dtype=np.bool_)
    scored = np.zeros(throws, dtype=np.bool_)
    for cell, rows in zip(cells, events, strict=True):
        own = np.zeros_like(common)
        known = cell.y >= 0
        own[rows, cell.throw[known]] = True
        if own.sum() < known.sum():
            message = (
                f"{cell.method} trained on {cell.domain}, seed {cell.seed}: expected each event "
                f"once under a throw, {int(known.sum() - own.sum())} stand there again with the "
                f"same key and class\n  what to do: let the schema's key tell all events of a "
                f"sample apart, such as by run and event"
            )
            raise HitclrError(message)
        has = np.unique(cell.throw)
        common[:, has] &= own[:, has]
        scored[has] = True
    common &= scored
    chosen = {}
    for name in dict.fromkeys(cell.method for cell in cells):
        own_cells = [(c, rows) for c, rows in zip(cells, events, strict=True) if c.method == name]
        chosen[name] = _answers(own_cells, common)
    drawn = resample_events(
        [answers for _, _, answers in chosen.values()], resamplings=resamplings, seed=seed
    )
    return {
        name: _Judged(columns, seeds, answers.accuracies(), one, answers.there)
        for (name, (columns, seeds, answers)), one in zip(chosen.items(), drawn, strict=True)
    }


def _numbered(cells: Sequence[ScoredCell]) -> list[NDArray[np.int64]]:
    """The numbers of the events of known class of each cell: the same for equal key and class."""
    known = [cell.y >= 0 for cell in cells]
    keys = np.concatenate([cell.key[mine] for cell, mine in zip(cells, known, strict=True)])
    classes = np.concatenate([cell.y[mine] for cell, mine in zip(cells, known, strict=True)])
    _, place = np.unique(keys, return_inverse=True)
    _, number = np.unique(place * 128 + classes, return_inverse=True)
    return np.split(number, np.cumsum([int(mine.sum()) for mine in known])[:-1])


def _answers(
    cells: Sequence[tuple[ScoredCell, NDArray[np.int64]]], common: NDArray[np.bool_]
) -> tuple[list[int], list[int], Answers]:
    """The throws and seeds that a method is judged on, and its answers there."""
    seen: dict[int, set[int]] = {}
    for cell, _ in cells:
        seen.setdefault(cell.seed, set()).update(np.unique(cell.throw).tolist())
    most = max(map(len, seen.values()))
    seeds = sorted(number for number, found in seen.items() if len(found) == most)
    throws = sorted(set.intersection(*(seen[number] for number in seeds)))
    there = common[:, throws]
    right = np.zeros((len(seeds), *common.shape), dtype=np.bool_)
    for cell, rows in cells:
        if cell.seed in seeds:
            known = cell.y >= 0
            hit = cell.scores[known].argmax(1) == cell.y[known]
            right[seeds.index(cell.seed), rows, cell.throw[known]] = hit
    return throws, seeds, Answers(right[:, :, throws] & there, there)
