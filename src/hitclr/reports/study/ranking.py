"""The picture of the headline: mean and worst accuracy of each method, with intervals."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from hitclr.reports.study.answer import ranking
from hitclr.reports.study.method_rows import draw_interval, label_rows
from hitclr.reports.study.table import StudyTable
from hitclr.reports.style import GREY, look, plain

__all__ = ["draw_ranking"]

_KINDS = (("mean", "o", 0.14), ("worst", "s", -0.14))


def draw_ranking(table: StudyTable) -> Figure:
    """Draw a panel for each domain and in it a row for each method, best mean at the top.

    Methods that saw the target stand below the others. Small strokes are single seeds.

    Args:
        table: the study; it has at least one mean accuracy.
    """
    count = len(table.domains)
    columns = min(2, count)
    rows = -(-count // columns)
    height = 1.0 + 0.34 * len(table.methods)
    figure = Figure(figsize=(6.6 * columns, height * rows + 0.5))
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel()
    for place, (panel, domain) in enumerate(zip(panels, table.domains, strict=False)):
        _draw_panel(panel, table, domain.name)
        if place + columns >= count:
            panel.set_xlabel("accuracy")
            panel.xaxis.set_tick_params(labelbottom=True)
    for panel in panels[count:]:
        panel.remove()
    handles = [
        Line2D([], [], color=look(index)[0], marker=marker, ls="-", ms=6, label=words)
        for index, (marker, words) in enumerate((("o", "mean over throws"), ("s", "worst throw")))
    ]
    if len(table.seeds) > 1:
        strokes = Line2D([], [], color="black", marker="|", ls="none", ms=7, label="single seeds")
        handles.append(strokes)
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure


def _draw_panel(panel: Axes, table: StudyTable, domain: str) -> None:
    groups = [
        [name for name, _, _ in ranking(table, domain, "mean", target=target, labels=True)]
        for target in (False, True)
    ]
    names = [name for group in groups for name in group]
    for place, name in enumerate(names):
        for index, (quantity, marker, shift) in enumerate(_KINDS):
            row = table.quantities.get((name, domain, quantity))
            if row is not None and row.value is not None:
                seeds = [value for value in row.seeds.values() if value is not None]
                heights = [place - shift] * len(seeds)
                panel.plot(seeds, heights, color="black", ls="none", marker="|", ms=6, zorder=3)
                shown = (look(index)[0], marker)
                filled = name not in table.targeted
                draw_interval(panel, row, row.value, place - shift, shown, filled=filled)
    if all(groups):
        panel.axhline(len(groups[0]) - 0.5, color=GREY, lw=0.8, ls=":")
    label_rows(panel, table, names)
    panel.set_title(f"trained on {plain(domain)}")
