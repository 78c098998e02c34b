"""The picture of the confusion matrices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from hitclr.reports.results import Confusion
from hitclr.reports.style import plain
from hitclr.reports.summary import count_of

__all__ = ["draw_confusion", "draw_matrices"]

_MOST_NUMBERS = 10
"""With more classes the cells are too small for numbers."""


def draw_confusion(matrices: Sequence[Confusion], classes: Sequence[str]) -> Figure:
    """Draw each confusion matrix of a run, coloured by the share of each true class.

    Args:
        matrices: at least one.
        classes: the names of the C classes.
    """
    return draw_matrices([(_title(row), row.matrix) for row in matrices], classes)


def draw_matrices(
    matrices: Sequence[tuple[str, Sequence[Sequence[int]]]], classes: Sequence[str]
) -> Figure:
    """Draw matrices of counts, rows the truth, coloured by the share of each row.

    Args:
        matrices: at least one, each a title that is safe to draw and its [C, C] counts.
        classes: the names of the C classes.
    """
    columns = min(2, len(matrices))
    rows = -(-len(matrices) // columns)
    figure = Figure(figsize=(4.9 * columns, 4.4 * rows))
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (title, matrix) in zip(grid, matrices, strict=False):
        image = _draw_one(axes, matrix, classes)
        axes.set_title(title)
    for axes in grid[len(matrices) :]:
        axes.remove()
    bar = figure.colorbar(image, ax=list(grid[: len(matrices)]), shrink=0.8)
    bar.set_label("share of the true class")
    return figure


def _title(confusion: Confusion) -> str:
    sample = plain(confusion.sample) or "all samples"
    total = sum(sum(row) for row in confusion.matrix)
    return f"{plain(confusion.split)}, {sample} ({count_of(total, 'event')})"


def _draw_one(axes: Axes, matrix: Sequence[Sequence[int]], classes: Sequence[str]) -> AxesImage:
    counts = np.array(matrix, dtype=np.int64).reshape(len(classes), len(classes))
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    image = axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    if len(classes) <= _MOST_NUMBERS:
        small = len(classes) > 5
        for (row, column), count in np.ndenumerate(counts):
            share = "" if small or not totals[row, 0] else f"\n{shares[row, column]:.0%}"
            axes.text(
                column,
                row,
                f"{count:,}{share}",
                ha="center",
                va="center",
                fontsize=8 if small else 11,
                color="white" if shares[row, column] > 0.55 else "black",
            )
    names = [plain(name, 16) for name in classes]
    tilt = len(classes) > 3
    axes.set_xticks(
        range(len(classes)), names, rotation=45 if tilt else 0, ha="right" if tilt else "center"
    )
    axes.set_yticks(range(len(classes)), names)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_tick_params(length=0)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    return image
