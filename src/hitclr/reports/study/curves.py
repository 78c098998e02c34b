"""The picture of the robustness curves: a score against one parameter of the detector."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from hitclr.reports.study.rows import Axis
from hitclr.reports.study.series import Series, series
from hitclr.reports.study.table import StudyTable
from hitclr.reports.style import GREY, plain, with_unit

__all__ = ["Point", "accuracy_of", "can_draw", "draw_curves", "ece_of"]


_MANY = 7


class Point(NamedTuple):
    """A value and its band; NaN where there is none."""

    value: float
    low: float
    high: float


Score = Callable[[StudyTable, str, str, str], Point]
"""The point of a method, a domain and a throw."""


def accuracy_of(table: StudyTable, method: str, domain: str, throw: str) -> Point:
    """The accuracy with its interval."""
    row = table.points.get((method, domain, throw))
    if row is None:
        return Point(np.nan, np.nan, np.nan)
    return Point(*(np.nan if x is None else x for x in (row.value, row.low, row.high)))


def ece_of(table: StudyTable, method: str, domain: str, throw: str) -> Point:
    """The mean expected calibration error over seeds, the lowest and the highest seed."""
    rows = table.measured.get((method, domain, throw, "ECE"), ())
    values = [row.value for row in rows if row.value is not None]
    if not values:
        return Point(np.nan, np.nan, np.nan)
    return Point(float(np.mean(values)), min(values), max(values))


def can_draw(table: StudyTable, axis: Axis, score: Score) -> bool:
    """Tell whether any method has a point on the axis."""
    return any(_has_point(table, axis, score, method.name) for method in table.methods)


def _has_point(table: StudyTable, axis: Axis, score: Score, method: str) -> bool:
    return any(
        table.place(axis, throw) is not None
        and np.isfinite(score(table, method, domain.name, throw).value)
        for domain in table.domains
        for throw in axis.throws
    )


def draw_curves(table: StudyTable, axis: Axis, score: Score, title: str) -> Figure:
    """Draw a panel for each domain and in it a line for each method that has a point.

    Args:
        table: the study.
        axis: the parameter.
        score: what is drawn.
        title: the name of the score.
    """
    looks = [one for one in series(table) if _has_point(table, axis, score, one.name)]
    count = len(table.domains)
    columns = min(3, count)
    rows = -(-count // columns)
    in_legend = {1: 2, 2: 3, 3: 4}[columns]
    entries = len(looks) + 3
    width = {1: 7.0, 2: 10.0, 3: 13.0}[columns]
    figure = Figure(figsize=(width, 4.1 * rows + 0.22 * -(-entries // in_legend)))
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True, sharex=True).ravel()
    for panel, domain in zip(panels, table.domains, strict=False):
        for one in looks:
            _draw_line(panel, table, axis, domain.name, one, score)
        trained = domain.values.get(axis.parameter)
        if axis.nominal is not None:
            panel.axvline(axis.nominal, color=GREY, ls=(0, (1, 1)), lw=1.2, zorder=0)
        if trained is not None:
            panel.plot(
                [trained], [0], transform=panel.get_xaxis_transform(), marker="^", color="black",
                ms=10, clip_on=False, zorder=5,
            )  # fmt: skip
        panel.set_title(f"trained on {plain(domain.name)}")
    for panel in panels[count:]:
        panel.remove()
    for place, panel in enumerate(panels[:count]):
        # Panels of the last row, and those with none below them, carry the label.
        if place + columns >= count:
            panel.set_xlabel(with_unit(axis.parameter, axis.unit or ""))
            panel.xaxis.set_tick_params(labelbottom=True)
        if place % columns == 0:
            panel.set_ylabel(title)
    figure.legend(
        handles=_legend(looks, axis, table), loc="outside lower center", ncols=in_legend,
        handlelength=3.2,
    )  # fmt: skip
    return figure


def _draw_line(
    panel: Axes, table: StudyTable, axis: Axis, domain: str, one: Series, score: Score
) -> None:
    places = [(table.place(axis, throw), throw) for throw in axis.throws]
    rows = [
        (place, *score(table, one.name, domain, throw))
        for place, throw in places
        if place is not None
    ]
    if not rows or not np.isfinite([row[1] for row in rows]).any():
        return
    x, value, low, high = np.array(rows, dtype=np.float64).T
    # Many bands on one another would hide what lies below.
    alpha = 0.15 if len(table.methods) <= _MANY else 0.07
    panel.fill_between(x, low, high, color=one.colour, alpha=alpha, lw=0, zorder=1)
    panel.plot(
        x, value, color=one.colour, ls=one.line, marker=one.marker, mfc=one.face, mec=one.colour,
        ms=5, lw=1.5, zorder=3,
    )  # fmt: skip


def _legend(looks: list[Series], axis: Axis, table: StudyTable) -> list[Line2D | Patch]:
    handles: list[Line2D | Patch] = [
        Line2D(
            [], [], color=one.colour, ls=one.line, marker=one.marker, mfc=one.face, mec=one.colour,
            ms=5, lw=1.5, label=one.label,
        )
        for one in looks
    ]  # fmt: skip
    if axis.nominal is not None:
        handles.append(Line2D([], [], color=GREY, ls=(0, (1, 1)), lw=1.2, label="nominal"))
    if any(domain.values.get(axis.parameter) is not None for domain in table.domains):
        handles.append(
            Line2D([], [], color="black", marker="^", ls="none", ms=8, label="trained here")
        )
    return handles
