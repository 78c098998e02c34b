"""The picture of the weights: a variable's distribution before and after."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hitclr.reports.results import Reweighting
from hitclr.reports.style import look, plain

__all__ = ["draw_weights"]

_STEEP = 30.0  # from this ratio of the largest content, or bin, to the smallest on, an axis is log


def draw_weights(reweighting: Reweighting) -> Figure:
    """Draw the sum of weights in each bin, class by class; a row for each variable.

    Args:
        reweighting: what was measured.
    """
    before = np.array(reweighting.sums, dtype=np.float64)
    after = before * np.array(reweighting.factors, dtype=np.float64)
    rows = len(reweighting.variables)
    figure = Figure(figsize=(9.6, 0.6 + 3.2 * rows))
    panels: NDArray[Any] = figure.subplots(rows, 2, squeeze=False, sharey="row")
    for number, variable in enumerate(reweighting.variables):
        edges = np.array(variable.edges)
        others = tuple(axis for axis in range(1, before.ndim) if axis != number + 1)
        contents = [table.sum(axis=others) for table in (before, after)]
        for axes, content, title in zip(
            panels[number], contents, ("before", "with the weights"), strict=True
        ):
            for index, (row, values) in enumerate(zip(reweighting.classes, content, strict=True)):
                colour, _ = look(index)
                axes.stairs(values, edges, color=colour, lw=1.5, label=plain(row.label))
            axes.set_xlabel(plain(variable.name))
            axes.set_title(title)
            if edges[0] > 0 and edges[-1] > _STEEP * edges[0]:
                axes.set_xscale("log")
        shown = np.concatenate(contents)
        some = shown[shown > 0]
        if some.size and some.max() > _STEEP * some.min():
            panels[number, 0].set_yscale("log")
        else:
            panels[number, 0].set_ylim(bottom=0)
        panels[number, 0].set_ylabel("sum of weights in the bin")
    panels[0, 0].legend()
    return figure
