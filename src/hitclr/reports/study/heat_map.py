"""The picture of the accuracies, throws by methods."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from hitclr.reports.study.series import series
from hitclr.reports.study.table import StudyTable
from hitclr.reports.study.wording import DASH, mark_of
from hitclr.reports.style import plain

__all__ = ["draw_heat_map"]

_MIDDLE = 0.5


def draw_heat_map(table: StudyTable, domain: str) -> Figure:
    """Draw a cell with its number for each throw and method.

    Args:
        table: the study; it has at least one accuracy for the domain.
        domain: what the methods were trained on.
    """
    looks = series(table)
    throws = [throw.name for throw in table.throws]
    values = np.full((len(looks), len(throws)), np.nan)
    for row, one in enumerate(looks):
        for column, throw in enumerate(throws):
            point = table.points.get((one.name, domain, throw))
            if point is not None and point.value is not None:
                values[row, column] = point.value
    # One scale for all domains, so that their pictures can be compared.
    every = [point.value for point in table.curve if point.value is not None]
    low, high = min(every), max(every)
    figure = Figure(figsize=(3.6 + 0.58 * len(throws), 1.9 + 0.36 * len(looks)))
    axes = figure.add_subplot()
    axes.set_facecolor("white")
    # One scale of lightness from dark to bright: it is the same order in grey.
    image = axes.imshow(values, cmap="cividis", vmin=low, vmax=max(high, low + 1e-6), aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        missing = not np.isfinite(value)
        dark = not missing and (value - low) / max(high - low, 1e-6) < _MIDDLE
        axes.text(
            column, row, DASH if missing else f"{value:.3f}", ha="center", va="center", fontsize=8,
            color="white" if dark else "black",
        )  # fmt: skip
    names = [plain(name, 18) + mark_of(table, name) for name in throws]
    axes.set_xticks(range(len(throws)), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(looks)), [one.label for one in looks])
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_tick_params(length=0)
    axes.set_title(f"trained on {plain(domain)}")
    figure.colorbar(image, ax=axes, pad=0.01).set_label("accuracy")
    return figure
