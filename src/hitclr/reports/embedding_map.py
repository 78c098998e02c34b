"""The picture of the embeddings in two dimensions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hitclr.reports.event_table import TEST, TRAIN
from hitclr.reports.projection import Projection
from hitclr.reports.style import look, plain

__all__ = ["draw_embedding"]


def draw_embedding(
    projection: Projection,
    split: NDArray[np.int64],
    category: NDArray[np.int64],
    names: Sequence[str],
    *,
    shift: int = 0,
) -> Figure:
    """Draw the test events filled and the training events faint, by category.

    Args:
        projection: K events in two dimensions.
        split: [K] int64, 0 train, 1 validation, 2 test.
        category: [K] int64, class or sample; -1 where unknown.
        names: the name of each category.
        shift: where to start in the lists of colours and markers, as in `style.look`.
    """
    present = np.unique(category)
    # One line of the legend for each category, below axes of constant height.
    figure = Figure(figsize=(4.9, 4.4 + 0.19 * len(present)))
    axes = figure.add_subplot()
    for index in present:
        colour, marker = look(int(index), shift)
        mine = category == index
        train, test = mine & (split == TRAIN), mine & (split == TEST)
        name = plain(names[index], 24) if index >= 0 else "not known"
        x, y = projection.points.T
        axes.scatter(
            x[train],
            y[train],
            s=16,
            c=colour,
            marker=marker,
            alpha=0.35,
            linewidths=0,
            rasterized=True,
            zorder=1,
        )
        axes.scatter(
            x[test],
            y[test],
            s=38,
            c=colour,
            marker=marker,
            linewidths=0.6,
            edgecolors="white",
            rasterized=True,
            zorder=2,
            label=f"{name} ({test.sum():,} test, {train.sum():,} train)",
        )
    axes.set_xlabel(_label(1, projection.shares[0]))
    if len(projection.shares) == 2:
        axes.set_ylabel(_label(2, projection.shares[1]))
        axes.set_aspect("equal", adjustable="datalim")
    else:
        axes.set_ylabel("spread for the eye, without meaning")
        axes.set_yticks([])
    figure.legend(loc="outside lower center")
    return figure


def _label(number: int, share: float) -> str:
    return f"principal component {number} ({share:.0%} of the variance)"
