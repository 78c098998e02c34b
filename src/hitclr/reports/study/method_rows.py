"""What pictures with a row for each method have in common."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from hitclr.reports.study.rows import Quantity, ShiftQuantity
from hitclr.reports.study.table import StudyTable
from hitclr.reports.study.wording import drawn

__all__ = ["draw_interval", "label_rows"]


def draw_interval(
    panel: Axes,
    row: Quantity | ShiftQuantity,
    value: float,
    height: float,
    look: tuple[str, str],
    *,
    filled: bool = True,
) -> None:
    """Draw a value as a marker and its interval, where it has one, as a line.

    Args:
        panel: where.
        row: has the ends of the interval.
        value: the value.
        height: where along y; the rows are at 0, 1, ... from the top.
        look: the colour and the marker.
        filled: whether the marker is.
    """
    colour, marker = look
    if row.low is not None and row.high is not None:
        panel.plot([row.low, row.high], [height, height], color=colour, lw=1.8, zorder=2)
    face = colour if filled else "white"
    panel.plot([value], [height], marker=marker, mfc=face, mec=colour, ms=6, ls="none", zorder=4)


def label_rows(panel: Axes, table: StudyTable, methods: Sequence[str]) -> None:
    """Name the rows of a panel, the first at the top."""
    panel.set_yticks(range(len(methods)), [drawn(table, name, 32) for name in methods])
    panel.set_ylim(len(methods) - 0.4, -0.6)
    panel.yaxis.set_tick_params(length=0)
    panel.grid(axis="x", color="#dddddd", lw=0.6)
    panel.set_axisbelow(True)
