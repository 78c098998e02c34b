"""The tables of a study that leaves shifts out: modelled and unmodelled ones apart."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hitclr.studies.judged import Judged, Quantities, correct, differences, judge, value_row
from hitclr.studies.robustness import WORST, quantity_weights
from hitclr.studies.scored_cell import ScoredCell

__all__ = ["MODELLED", "PRICE", "UNMODELLED", "shift_tables"]

MODELLED, UNMODELLED = "modelled", "unmodelled"
PRICE = "modelled minus unmodelled"

Row = dict[str, Any]
Trained = tuple[str, str | None]
"""A method, and the shift that its training showed nothing of."""


def shift_tables(
    cells: Sequence[ScoredCell],
    *,
    throws: Sequence[str],
    shifts: Mapping[str, Sequence[str]],
    modelled: Mapping[str, frozenset[str]],
    seed: int = 0,
    resamplings: int = 1000,
) -> dict[str, list[Row]]:
    """Accuracies under shifts that a training showed something of, and under those that it did not.

    A method has up to one training for each shift that is left out, besides the one where none is.
    Its accuracy under a *modelled* shift is that of the training where none is left out; under an
    *unmodelled* one that of the training that leaves this shift out, or where nothing in it shows
    the shift anyway, of the one where none is. So both are on the same throws and events. That of
    a shift is the mean over its throws, that over shifts counts each shift alike.

    Intervals, p-values and Holm's correction are as in `accuracy_tables`; the correction is within
    each group of comparisons, for each quantity by itself.

    Args:
        cells: the cells of one training domain, of methods that see no target.
        throws: the names of all throws.
        shifts: the names of the throws of each shift.
        modelled: of each method the shifts that the training where none is left out shows.
        seed: of the resampling.
        resamplings: of the events.

    Returns:
        ``shift_scores``: of each training the accuracy under each shift; ``shift_summary``: of each
        method in each group (``modelled``, ``unmodelled``) ``mean`` and ``worst`` over shifts, and
        each ``shift NAME``; ``shift_comparisons``: the differences of two methods in each group,
        and of both groups for each method.

    Raises:
        HitclrError: an event stands twice under one throw.
    """
    tables: dict[str, list[Row]] = {
        "shift_scores": [],
        "shift_summary": [],
        "shift_comparisons": [],
    }
    names = list(shifts)
    groups = [[throws.index(throw) for throw in shifts[name]] for name in names]
    wanted = np.array(sorted({number for group in groups for number in group}), dtype=np.int32)
    cells = [own for cell in cells if len((own := _under(cell, wanted)).throw)]
    if not cells:
        return tables
    found = {
        trained: one.grouped(groups)
        for trained, one in judge(
            cells,
            len(throws),
            name=lambda cell: (cell.method, cell.left_out),
            seed=seed,
            resamplings=resamplings,
        ).items()
    }
    domain = {"domain": cells[0].domain}
    for (method, left_out), one in found.items():
        about = {"method": method, **domain, "left_out": left_out}
        for number in one.throws:
            shift = names[number]
            single = one.on([number], one.seeds)
            row = value_row(single.by_seed[:, 0], single.mean_drawn[:, 0], single)
            row["throws"] = len(groups[number])
            shown = shift in modelled[method] and shift != left_out
            tables["shift_scores"].append({**about, "shift": shift, "modelled": shown, **row})

    def quantities(one: Judged) -> Quantities:
        return one.weighted(_weights(one, names))

    judged = _in_groups(found, names, modelled)
    for group, methods in judged.items():
        every = {number for one in methods.values() for number in one.throws}
        about = {**domain, "group": group}
        for method, one in methods.items():
            for quantity, (by_seed, drawn) in quantities(one).items():
                if quantity in ("mean", WORST) and set(one.throws) < every:
                    continue
                row = value_row(by_seed, drawn, one)
                row["shifts"] = 1 if quantity.startswith("shift ") else row["throws"]
                del row["throws"]
                kept = {"method": method, **about, "quantity": quantity, **row}
                tables["shift_summary"].append({**kept, "seeds": one.by_seeds(by_seed)})
        pairs = [
            {**about, "first": first, "second": second, **row}
            for first, second in itertools.combinations(methods, 2)
            for row in differences(methods[first], methods[second], quantities)
        ]
        correct(pairs)
        tables["shift_comparisons"] += pairs
    prices = [
        {**domain, "group": PRICE, "first": method, "second": method, **row}
        for method, one in judged[MODELLED].items()
        if method in judged[UNMODELLED]
        for row in differences(one, judged[UNMODELLED][method], quantities)
    ]
    correct(prices)
    tables["shift_comparisons"] += prices
    for row in tables["shift_comparisons"]:
        number = row.pop("throws")
        row["shifts"] = 1 if row["quantity"].startswith("shift ") else number
    return tables


def _under(cell: ScoredCell, throws: np.ndarray[Any, np.dtype[np.int32]]) -> ScoredCell:
    """The same for the events under some of the throws."""
    kept = np.isin(cell.throw, throws)
    return replace(
        cell,
        throw=cell.throw[kept],
        key=cell.key[kept],
        y=cell.y[kept],
        scores=cell.scores[kept],
        embedding=None,
    )


def _weights(one: Judged, names: Sequence[str]) -> dict[str, Any]:
    """Mean and worst over shifts, and each shift where there are several."""
    own = [names[number] for number in one.throws]
    over = quantity_weights(one.by_seed.mean(0), own, nominal="", axes={})
    weights = {quantity: over[quantity] for quantity in ("mean", WORST)}
    if len(names) == 1:
        del weights[WORST]
        return weights
    single = np.eye(len(own))
    return {**weights, **{f"shift {name}": single[place] for place, name in enumerate(own)}}


def _in_groups(
    found: Mapping[Trained, Judged],
    names: Sequence[str],
    modelled: Mapping[str, frozenset[str]],
) -> dict[str, dict[str, Judged]]:
    """The methods of each group, on its shifts."""
    groups: dict[str, dict[str, Judged]] = {MODELLED: {}, UNMODELLED: {}}
    for method in dict.fromkeys(method for method, _ in found):
        shown: list[tuple[int, Judged]] = []
        hidden: list[tuple[int, Judged]] = []
        for number, name in enumerate(names):
            whole = found.get((method, None))
            if name in modelled[method]:
                if whole is not None and number in whole.throws:
                    shown.append((number, whole))
                without = found.get((method, name))
            else:
                without = whole
            if without is not None and number in without.throws:
                hidden.append((number, without))
        for group, parts in ((MODELLED, shown), (UNMODELLED, hidden)):
            one = _joined(parts)
            if one is not None:
                groups[group][method] = one
    return groups


def _joined(parts: Sequence[tuple[int, Judged]]) -> Judged | None:
    """One column of each, on the seeds that all have; None where there are none."""
    if not parts:
        return None
    seeds = sorted(set.intersection(*(set(one.seeds) for _, one in parts)))
    if not seeds:
        return None
    columns = [one.on([number], seeds) for number, one in parts]
    return Judged(
        [number for number, _ in parts],
        seeds,
        np.concatenate([one.by_seed for one in columns], -1),
        np.concatenate([one.drawn for one in columns], -1),
        np.concatenate([one.there for one in columns], -1),
    )
