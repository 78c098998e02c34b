"""The picture of one event: its hits in space and in three projections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hitclr.reports.style import GREY, plain, with_unit

__all__ = ["Event", "draw_event", "draw_plane"]

_AXES = "xyz"
_PLANES = ((0, 1), (2, 1), (0, 2))
_COLOUR_MAP = "viridis_r"
_LOG_ABOVE = 20.0
"""Colours are logarithmic where the largest value is this many times the smallest."""


@dataclass(frozen=True, eq=False)
class Event:
    """What is drawn of an event.

    Attributes:
        title: what it is, in a line.
        pos: [N, 3] the hits' positions.
        value: [N] what the colour shows.
        value_name: its name.
        value_unit: its unit.
        unit: the unit of the positions.
        true_pos: [M, 3] where energy was left in truth, where that is known.
    """

    title: str
    pos: NDArray[np.floating[Any]]
    value: NDArray[np.floating[Any]]
    value_name: str
    value_unit: str
    unit: str
    true_pos: NDArray[np.floating[Any]] | None = None


def draw_event(event: Event) -> Figure:
    """Draw an event in space and in its projections along the three axes.

    All four panels have one scale of lengths and one colour scale. Where the true deposits are
    known, they lie under the hits as grey dots; those far outside of the hits' frame are left out.
    """
    figure = Figure(figsize=(9.4, 8.2))
    grid = figure.add_gridspec(2, 2)
    colours = _colour_scale(event.value)
    centre, half = _frame(event)
    space: Any = figure.add_subplot(grid[0, 0], projection="3d")
    _draw_space(space, event, colours, centre, half)
    panels = [space]
    for place, (h, v) in zip((grid[0, 1], grid[1, 0], grid[1, 1]), _PLANES, strict=True):
        axes = figure.add_subplot(place)
        draw_plane(axes, event, colours, (h, v), centre, half)
        panels.append(axes)
    bar = figure.colorbar(colours, ax=panels, shrink=0.7, pad=0.03)
    bar.set_label(with_unit(event.value_name, event.value_unit))
    figure.suptitle(plain(event.title, 110), fontsize=11)
    return figure


def draw_plane(
    axes: Axes,
    event: Event,
    colours: ScalarMappable | None = None,
    plane: tuple[int, int] = (0, 1),
    centre: NDArray[np.float64] | None = None,
    half: float | None = None,
) -> ScalarMappable:
    """Draw one projection of an event into ``axes``.

    Args:
        axes: where to.
        event: what.
        colours: the colour scale; without one, that of the event.
        plane: the horizontal and the vertical axis.
        centre: [3] the middle of the frame; without it, that of the hits.
        half: half the width of the frame.

    Returns:
        The colour scale.
    """
    h, v = plane
    if colours is None:
        colours = _colour_scale(event.value)
    own, own_half = _frame(event)
    centre = own if centre is None else centre
    half = own_half if half is None else half
    if event.true_pos is not None:
        axes.scatter(
            event.true_pos[:, h],
            event.true_pos[:, v],
            s=2,
            c=GREY,
            lw=0,
            alpha=0.5,
            rasterized=True,
        )
    order = np.argsort(event.value, kind="stable")
    axes.scatter(
        event.pos[order, h],
        event.pos[order, v],
        s=_size(len(event.pos)),
        c=colours.to_rgba(event.value[order]),
        linewidths=0.2,
        edgecolors="#444444",
        rasterized=True,
    )
    axes.set_aspect("equal")
    axes.set_xlim(centre[h] - half, centre[h] + half)
    axes.set_ylim(centre[v] - half, centre[v] + half)
    axes.set_xlabel(with_unit(_AXES[h], event.unit))
    axes.set_ylabel(with_unit(_AXES[v], event.unit))
    return colours


def _draw_space(
    axes: Any, event: Event, colours: ScalarMappable, centre: NDArray[np.float64], half: float
) -> None:
    if event.true_pos is not None:
        near = (np.abs(event.true_pos - centre) <= half).all(1)
        axes.scatter(*event.true_pos[near].T, s=2, c=GREY, lw=0, alpha=0.3, depthshade=False)
    axes.scatter(
        *event.pos.T,
        s=_size(len(event.pos)),
        c=colours.to_rgba(event.value),
        linewidths=0.2,
        edgecolors="#444444",
        depthshade=False,
    )
    axes.set_xlim(centre[0] - half, centre[0] + half)
    axes.set_ylim(centre[1] - half, centre[1] + half)
    axes.set_zlim(centre[2] - half, centre[2] + half)
    axes.set_box_aspect((1, 1, 1))
    for axis, name in zip((axes.xaxis, axes.yaxis, axes.zaxis), _AXES, strict=True):
        axis.set_label_text(with_unit(name, event.unit))
        axis.set_major_locator(_few_ticks())


def _few_ticks() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(4)


def _frame(event: Event) -> tuple[NDArray[np.float64], float]:
    """The middle of the hits, and half the width of a cube around them with a margin."""
    if not len(event.pos):
        return np.zeros(3), 1.0
    low, high = event.pos.min(0).astype(np.float64), event.pos.max(0).astype(np.float64)
    return (low + high) / 2, float(max((high - low).max() * 0.55, 1e-3))


def _size(number: int) -> float:
    """The area of a marker in points squared: smaller where there are many."""
    return float(np.clip(6000 / max(number, 1), 5, 24))


def _colour_scale(value: NDArray[np.floating[Any]]) -> ScalarMappable:
    low, high = (float(value.min()), float(value.max())) if len(value) else (0.0, 1.0)
    logarithmic = low > 0 and high > _LOG_ABOVE * low
    return ScalarMappable(LogNorm(low, high) if logarithmic else Normalize(low, high), _COLOUR_MAP)
