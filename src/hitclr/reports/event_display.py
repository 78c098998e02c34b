"""The picture of one event and its two views."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hitclr.reports.style import GREY, look, with_unit
from hitclr.reports.summary import count_of
from hitclr.reports.view_table import Hits, ViewTable

__all__ = ["draw_event_display"]

_AXES = "xyz"
_COLOUR_MAP = "viridis_r"
_LOG_ABOVE = 50.0
"""Colours are logarithmic where the largest value is this many times the smallest."""


def draw_event_display(views: ViewTable, unit: str) -> Figure:
    """Draw the event and its views side by side, in two projections or in one if it is flat.

    All panels have the same axis ranges, the same scale on both axes and one colour scale. Hits
    with a position or colour that is not finite are left out and counted in the title.

    Args:
        views: the event and its views.
        unit: the unit of the positions.
    """
    panels = {"event": views.event, "view 1": views.first, "view 2": views.second}
    column = views.feature_names.index(views.colour) if views.colour else None
    drawn = {name: _finite(hits, column) for name, hits in panels.items()}
    centre, span = _frame([hits.pos for hits in drawn.values()])
    pairs = _projections(span)
    half = _half_ranges(span, pairs)

    width = 2.75
    heights = [width * half[v] / half[h] for h, v in pairs]
    figure = Figure(figsize=(3 * width + 1.6, sum(heights) + 0.6 * len(pairs) + 0.4))
    grid = figure.subplots(
        len(pairs),
        3,
        squeeze=False,
        sharey="row",
        gridspec_kw={"height_ratios": heights},
    )
    colours = (
        _colour_scale([hits.x[:, column] for hits in drawn.values()]) if views.colour else None
    )
    for row, (h, v) in enumerate(pairs):
        for axes, (name, hits) in zip(grid[row], drawn.items(), strict=True):
            if name != "event":
                _scatter(axes, drawn["event"].pos[:, [h, v]], GREY, size=3)
            order, shades = _shades(hits, column, colours)
            _scatter(axes, hits.pos[order][:, [h, v]], shades, size=16, lw=0.3)
            axes.set_aspect("equal")
            axes.set_xlim(centre[h] - half[h], centre[h] + half[h])
            axes.set_ylim(centre[v] - half[v], centre[v] + half[v])
            axes.set_xlabel(with_unit(_AXES[h], unit))
            if row == 0:
                axes.set_title(_title(name, panels[name], hits))
        grid[row, 0].set_ylabel(with_unit(_AXES[v], unit))
    if colours is not None and column is not None:
        bar = figure.colorbar(colours, ax=grid, shrink=0.8, pad=0.02)
        bar.set_label(with_unit(views.colour, views.feature_units[column]))
    return figure


def _finite(hits: Hits, column: int | None) -> Hits:
    good = np.isfinite(hits.pos).all(axis=1)
    if column is not None:
        good &= np.isfinite(hits.x[:, column])
    return Hits(hits.pos[good], hits.x[good])


def _frame(clouds: list[NDArray[np.float64]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The middle and the extent of all hits together, along x, y and z."""
    every = np.concatenate(clouds)
    if not len(every):
        return np.zeros(3), np.zeros(3)
    low, high = every.min(axis=0), every.max(axis=0)
    return (low + high) / 2, high - low


def _projections(span: NDArray[np.float64]) -> list[tuple[int, int]]:
    """The pairs of axes to draw: x-z and y-z, or the one plane that a flat event lies in."""
    flat = np.flatnonzero(span <= 1e-6 * span.max())
    if len(flat) == 1:
        h, v = (axis for axis in range(3) if axis != flat[0])
        return [(h, v)]
    return [(0, 2), (1, 2)]


def _half_ranges(span: NDArray[np.float64], pairs: list[tuple[int, int]]) -> NDArray[np.float64]:
    """Half the range of each axis: the hits with a margin, no panel narrower than 1:3."""
    used = sorted({axis for pair in pairs for axis in pair})
    largest = span[used].max() or 1.0
    half = np.maximum(span, largest / 3) * 0.55
    if len(pairs) == 2:
        half[[0, 1]] = half[[0, 1]].max()
    return half


def _colour_scale(values: list[NDArray[np.float64]]) -> ScalarMappable:
    every = np.concatenate(values)
    low, high = (float(every.min()), float(every.max())) if len(every) else (0.0, 1.0)
    logarithmic = low > 0.0 and high > _LOG_ABOVE * low
    norm = LogNorm(low, high) if logarithmic else Normalize(low, high)
    return ScalarMappable(norm, _COLOUR_MAP)


def _shades(hits: Hits, column: int | None, colours: ScalarMappable | None) -> tuple[Any, Any]:
    """The order to draw the hits in, the largest values on top, and their colours."""
    if column is None or colours is None:
        return slice(None), look(0)[0]
    order = np.argsort(hits.x[:, column], kind="stable")
    return order, colours.to_rgba(hits.x[order, column])


def _scatter(
    axes: Axes, points: NDArray[np.float64], shades: Any, *, size: float, lw: float = 0.0
) -> None:
    axes.scatter(
        points[:, 0],
        points[:, 1],
        s=size,
        c=shades,
        linewidths=lw,
        edgecolors="#444444",
        rasterized=True,
    )


def _title(name: str, all_hits: Hits, drawn: Hits) -> str:
    total = len(all_hits.pos)
    missing = total - len(drawn.pos)
    text = f"{name}: {count_of(total, 'hit')}"
    return f"{text}, {missing:,} not finite" if missing else text
