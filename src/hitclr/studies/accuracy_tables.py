"""The tables of accuracies of a study: over throws, by throw, differences of methods."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from hitclr.studies.judged import Judged, Quantities, correct, differences, judge, value_row
from hitclr.studies.robustness import WORST, quantity_weights
from hitclr.studies.scored_cell import ScoredCell

__all__ = ["accuracy_tables"]

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
    seeds that were scored on most throws, and on those that they have in common (see `judge`). A
    quantity of the summary is given only where all its throws were scored. Two methods are compared
    on the throws and seeds that both have. Intervals and p-values are of `seed_mean`; ``interval``
    says what they are for. Holm's correction is over all pairs of methods for each quantity by
    itself: each quantity is a question of its own, named beforehand.

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

    def quantities(one: Judged) -> Quantities:
        own = [throws[number] for number in one.throws]
        curve = one.by_seed.mean(0)
        return one.weighted(quantity_weights(curve, own, nominal=nominal, axes=axes))

    judged = judge(
        cells,
        len(throws),
        name=lambda cell: cell.method,
        seed=seed,
        resamplings=resamplings,
    )
    summary: list[Row] = []
    curve: list[Row] = []
    comparisons: list[Row] = []
    for name, one in judged.items():
        about = {"method": name, "domain": cells[0].domain}
        for number in one.throws:
            single = one.on([number], one.seeds)
            row = value_row(single.by_seed[:, 0], single.mean_drawn[:, 0], single)
            curve.append({**about, "throw": throws[number], **row})
        for quantity, (by_seed, drawn) in quantities(one).items():
            if quantity in ("mean", WORST) and len(one.throws) < len(throws):
                continue
            row = value_row(by_seed, drawn, one)
            summary.append({**about, "quantity": quantity, **row, "seeds": one.by_seeds(by_seed)})
    for first, second in itertools.combinations(judged, 2):
        about = {"domain": cells[0].domain, "first": first, "second": second}
        pairs = differences(judged[first], judged[second], quantities)
        comparisons += [{**about, **row} for row in pairs]
    correct(comparisons)
    return {"summary": summary, "curve": curve, "comparisons": comparisons}
