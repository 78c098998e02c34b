"""The picture of the shifts: each method where a shift is modelled and where it is not."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from hitclr.reports.study.method_rows import draw_interval, label_rows
from hitclr.reports.study.table import StudyTable
from hitclr.reports.style import look, plain

__all__ = ["can_draw_shifts", "draw_shifts"]

_KINDS = (("modelled", "o", 0.14), ("unmodelled", "s", -0.14))
_COLUMNS = 3


def can_draw_shifts(table: StudyTable, domain: str) -> bool:
    """Whether an accuracy under a shift was measured of a method that was trained there."""
    return any(row.domain == domain and row.value is not None for row in table.shift_summary)


def draw_shifts(table: StudyTable, domain: str) -> Figure:
    """Draw a panel for the mean over shifts and one for each shift, with a row for each method.

    Args:
        table: the study.
        domain: what was trained on, one of which `can_draw_shifts` holds.
    """
    mine = [row for row in table.shift_summary if row.domain == domain and row.value is not None]
    quantities = ["mean", *(f"shift {shift.name}" for shift in table.shifts)]
    quantities = [name for name in quantities if any(row.quantity == name for row in mine)]
    methods = [m.name for m in table.methods if any(row.method == m.name for row in mine)]
    columns = min(_COLUMNS, len(quantities))
    rows = -(-len(quantities) // columns)
    height = 1.0 + 0.34 * len(methods)
    figure = Figure(figsize=(2.0 + 3.1 * columns, height * rows + 0.5))
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    for place, (panel, quantity) in enumerate(zip(panels, quantities, strict=False)):
        _draw_panel(panel, table, domain, quantity, methods)
        if place + columns >= len(quantities):
            panel.set_xlabel("accuracy")
    for panel in panels[len(quantities) :]:
        panel.remove()
    figure.suptitle(f"trained on {plain(domain)}")
    handles = [
        Line2D([], [], color=look(index)[0], marker=marker, ls="-", ms=6, label=group)
        for index, (group, marker, _) in enumerate(_KINDS)
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure


def _draw_panel(
    panel: Axes, table: StudyTable, domain: str, quantity: str, methods: list[str]
) -> None:
    for place, name in enumerate(methods):
        for index, (group, marker, shift) in enumerate(_KINDS):
            row = table.over_shifts.get((name, domain, group, quantity))
            if row is not None and row.value is not None:
                draw_interval(panel, row, row.value, place - shift, (look(index)[0], marker))
    label_rows(panel, table, methods)
    panel.set_title(
        "mean over shifts" if quantity == "mean" else plain(quantity.removeprefix("shift "))
    )
