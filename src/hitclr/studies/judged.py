"""Methods judged on the same events: their accuracies, what to make of them, their differences."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from hitclr.errors import HitclrError
from hitclr.studies.bootstrap import Answers, resample_events
from hitclr.studies.comparison import SeedMean, holm, seed_mean
from hitclr.studies.robustness import WORST
from hitclr.studies.scored_cell import ScoredCell

__all__ = ["Judged", "Quantities", "correct", "differences", "judge", "value_row"]

_SURVIVES = 0.05

Floats = NDArray[np.float64]
Row = dict[str, Any]

Quantities: TypeAlias = dict[str, tuple[Floats, Floats]]
"""Of each quantity the value of each seed [S] and that of each resampling [R]."""

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True, eq=False)
class Judged:
    """The accuracies of a method.

    Attributes:
        throws: the numbers of its T throws, or groups of throws.
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

    def on(self, throws: Sequence[int], seeds: Sequence[int]) -> Judged:
        """The same for fewer throws and seeds."""
        columns = [self.throws.index(number) for number in throws]
        rows = [self.seeds.index(number) for number in seeds]
        return Judged(
            list(throws),
            list(seeds),
            self.by_seed[np.ix_(rows, columns)],
            self.drawn[:, rows][:, :, columns],
            self.there[:, columns],
        )

    def grouped(self, groups: Sequence[Sequence[int]]) -> Judged:
        """The mean over the throws of each group; groups that lack a throw are left out."""
        whole = [place for place, group in enumerate(groups) if set(group) <= set(self.throws)]
        columns = [[self.throws.index(number) for number in groups[place]] for place in whole]

        def means(values: Floats) -> Floats:
            found = [values[..., own].mean(-1) for own in columns]
            return np.stack(found, -1) if found else values[..., :0]

        there = [self.there[:, own].any(1) for own in columns]
        return Judged(
            whole,
            self.seeds,
            means(self.by_seed),
            means(self.drawn),
            np.stack(there, 1) if there else self.there[:, :0],
        )

    def by_seeds(self, values: Floats) -> dict[str, float | None]:
        """Numbers [S] by the names of the seeds."""
        return dict(zip(map(str, self.seeds), map(_number, values), strict=True))

    @property
    def mean_drawn(self) -> Floats:
        """The mean over seeds in each resampling [R, T]."""
        mean: Floats = self.drawn.mean(1)
        return mean

    def weighted(self, weights: Mapping[str, Floats]) -> Quantities:
        """Quantities that are sums of the throws' accuracies times weights.

        The worst throw is the one where the mean over seeds is lowest; it is chosen anew in each
        resampling.

        Args:
            weights: [T] for each quantity, as of `quantity_weights`.
        """
        drawn = self.mean_drawn
        return {
            quantity: (self.by_seed @ weight, drawn.min(1) if quantity == WORST else drawn @ weight)
            for quantity, weight in weights.items()
        }


def judge(
    cells: Sequence[ScoredCell],
    throws: int,
    *,
    name: Callable[[ScoredCell], Name],
    seed: int,
    resamplings: int,
) -> dict[Name, Judged]:
    """The accuracies of each method, under each throw on the events that all methods have there.

    A method is judged from some of its seeds, on the throws that these have in common: of the seeds
    that were scored on most throws those are taken that give the largest number of seeds times
    throws; of equals those with more throws, then the lower seeds. A method that was scored on no
    throw is left out.

    Args:
        cells: of one training domain.
        throws: the number of all throws.
        name: which cells are of one method.
        seed: of the resampling.
        resamplings: of the events, the same for all methods.

    Raises:
        HitclrError: an event stands twice under one throw.
    """
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
    for one in dict.fromkeys(map(name, cells)):
        own_cells = [(c, rows) for c, rows in zip(cells, events, strict=True) if name(c) == one]
        throws_of_seed = _throws_of_seeds(own_cells)
        if any(throws_of_seed.values()):
            columns, seeds = _in_common(throws_of_seed)
            chosen[one] = (columns, seeds, _answers(own_cells, columns, seeds, common))
    drawn = resample_events(
        [answers for _, _, answers in chosen.values()], resamplings=resamplings, seed=seed
    )
    return {
        one: Judged(columns, seeds, answers.accuracies(), found, answers.there)
        for (one, (columns, seeds, answers)), found in zip(chosen.items(), drawn, strict=True)
    }


def value_row(by_seed: Floats, drawn: Floats, of: Judged) -> Row:
    """An accuracy as it stands in a table.

    Args:
        by_seed: [S], of each seed.
        drawn: [R], in resamplings of the events.
        of: what it is of.
    """
    return _row(seed_mean(by_seed, drawn, least=0), of)


def differences(
    one: Judged, other: Judged, quantities: Callable[[Judged], Quantities]
) -> list[Row]:
    """The first minus the second, for each quantity, on the throws and seeds that both have.

    There is no row where they have none in common. `correct` puts in Holm's correction.

    Args:
        one: a method.
        other: another.
        quantities: what is compared.
    """
    throws = [number for number in one.throws if number in other.throws]
    seeds = [number for number in one.seeds if number in other.seeds]
    if not throws or not seeds:
        return []
    first, second = one.on(throws, seeds), other.on(throws, seeds)
    others = quantities(second)
    rows = []
    for quantity, (by_seed, drawn) in quantities(first).items():
        own = others[quantity]
        found = seed_mean(by_seed - own[0], drawn - own[1], least=-1)
        row = _row(found, first)
        rows.append(
            {
                "quantity": quantity,
                "difference": row.pop("value"),
                **row,
                "p": found.p,
                "p_holm": None,
                "survives": None,
                "seeds": len(seeds),
            }
        )
    return rows


def correct(rows: Iterable[Row]) -> None:
    """Put Holm's correction into rows of `differences`, for each quantity by itself."""
    tested: dict[str, list[Row]] = {}
    for row in rows:
        if row["p"] is not None:
            tested.setdefault(row["quantity"], []).append(row)
    for own in tested.values():
        for row, value in zip(own, holm([row["p"] for row in own]), strict=True):
            row["p_holm"], row["survives"] = value, value < _SURVIVES


def _row(found: SeedMean, of: Judged) -> Row:
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


def _numbered(cells: Sequence[ScoredCell]) -> list[NDArray[np.int64]]:
    """The numbers of the events of known class of each cell: the same for equal key and class."""
    known = [cell.y >= 0 for cell in cells]
    keys = np.concatenate([cell.key[mine] for cell, mine in zip(cells, known, strict=True)])
    classes = np.concatenate([cell.y[mine] for cell, mine in zip(cells, known, strict=True)])
    _, place = np.unique(keys, return_inverse=True)
    _, number = np.unique(place * 128 + classes, return_inverse=True)
    return np.split(number, np.cumsum([int(mine.sum()) for mine in known])[:-1])


def _throws_of_seeds(cells: Iterable[tuple[ScoredCell, Any]]) -> dict[int, frozenset[int]]:
    """The throws that a method was scored on from each seed."""
    found: dict[int, frozenset[int]] = {}
    for cell, _ in cells:
        own = found.get(cell.seed, frozenset())
        found[cell.seed] = own | frozenset(np.unique(cell.throw).tolist())
    return found


def _in_common(throws: Mapping[int, frozenset[int]]) -> tuple[list[int], list[int]]:
    """The throws and seeds that a method is judged on, as `judge` says, of those of each seed."""
    most = max(map(len, throws.values()))
    whole = {seed: own for seed, own in throws.items() if len(own) == most}
    shared: set[frozenset[int]] = set()
    for own in set(whole.values()):
        shared |= {own, *(own & other for other in shared)}
    choices = [
        (sorted(some), sorted(seed for seed, own in whole.items() if some <= own))
        for some in shared
        if some
    ]
    return min(choices, key=lambda one: (-len(one[0]) * len(one[1]), -len(one[0]), one[1]))


def _answers(
    cells: Sequence[tuple[ScoredCell, NDArray[np.int64]]],
    throws: Sequence[int],
    seeds: Sequence[int],
    common: NDArray[np.bool_],
) -> Answers:
    """What a method answered from some of its seeds, under some throws."""
    there = common[:, throws]
    right = np.zeros((len(seeds), *common.shape), dtype=np.bool_)
    for cell, rows in cells:
        if cell.seed in seeds:
            known = cell.y >= 0
            hit = cell.scores[known].argmax(1) == cell.y[known]
            right[seeds.index(cell.seed), rows, cell.throw[known]] = hit
    return Answers(right[:, :, throws] & there, there)
