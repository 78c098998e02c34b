"""The picture of the embedding maps: a row for each method, by class and by throw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hitclr.reports.study.maps import EmbeddingMap
from hitclr.reports.study.table import StudyTable
from hitclr.reports.style import look, plain

__all__ = ["draw_maps"]

_LAYERS = 8
_SHIFT = 2  # in the list of colours, so that a throw does not look like a class


def draw_maps(table: StudyTable, maps: Sequence[EmbeddingMap], kind: str) -> Figure:
    """Draw each map twice, coloured by class and by throw.

    Args:
        table: the study, for the names.
        maps: at least one.
        kind: what made them, for the axes of a map without principal components.
    """
    figure = Figure(figsize=(12.0, 4.3 * len(maps)))
    grid = figure.subplots(len(maps), 2, squeeze=False)
    throws = [throw.name for throw in table.throws]
    for row, one in zip(grid, maps, strict=True):
        _draw_points(row[0], one, one.label, table.classes, "by class", 0)
        order = np.unique(one.throw)
        place = np.searchsorted(order, one.throw)
        _draw_points(row[1], one, place, [throws[index] for index in order], "by throw", _SHIFT)
        for axes in row:
            _name_axes(axes, one, kind)
    return figure


def _draw_points(
    axes: Axes,
    one: EmbeddingMap,
    category: NDArray[np.int64],
    names: Sequence[str],
    title: str,
    shift: int,
) -> None:
    x, y = one.points.T
    # A fixed order from the golden ratio mixes the categories: none hides those drawn before it.
    order = np.argsort((np.arange(len(category)) * 0.6180339887498949) % 1.0)
    for part in np.array_split(order, _LAYERS):
        for index in np.unique(category[part]):
            colour, marker = look(int(index), shift)
            mine = part[category[part] == index]
            axes.scatter(
                x[mine], y[mine], s=16, c=colour, marker=marker, alpha=0.7, linewidths=0,
                rasterized=True,
            )  # fmt: skip
    for index in np.unique(category):
        colour, marker = look(int(index), shift)
        name = plain(names[index], 24) if index >= 0 else "not known"
        axes.scatter([], [], s=34, c=colour, marker=marker, label=name)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), handletextpad=0.3)
    axes.set_title(f"{plain(one.method, 24)}, {title}")


def _name_axes(axes: Axes, one: EmbeddingMap, kind: str) -> None:
    if len(one.shares) == 1:
        axes.set_xlabel(f"principal component 1 ({one.shares[0]:.0%})")
        axes.set_ylabel("spread for the eye, without meaning")
        axes.set_yticks([])
    elif one.shares:
        axes.set_xlabel(f"principal component 1 ({one.shares[0]:.0%})")
        axes.set_ylabel(f"principal component 2 ({one.shares[1]:.0%})")
        axes.set_aspect("equal", adjustable="datalim")
    else:
        axes.set_xlabel(f"{kind} 1")
        axes.set_ylabel(f"{kind} 2")
        axes.set_xticks([])
        axes.set_yticks([])
