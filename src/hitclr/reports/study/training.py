"""The picture of the losses: a panel for each method."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from hitclr.reports.history import has_losses
from hitclr.reports.study.rows import Losses
from hitclr.reports.study.table import StudyTable
from hitclr.reports.study.wording import drawn
from hitclr.reports.style import Look, look, plain

__all__ = ["draw_training", "trained"]


def trained(table: StudyTable) -> list[str]:
    """The methods that have a loss to draw."""
    having = {
        row.method for row in table.losses if row.left_out is None and has_losses(row.history)
    }
    return [method.name for method in table.methods if method.name in having]


def draw_training(table: StudyTable) -> Figure:
    """Draw the mean loss over the cells of each domain, with its range, epoch by epoch.

    Trainings that leave a shift out are not in it.

    Args:
        table: the study; `trained` is not empty.
    """
    methods = trained(table)
    whole = [row for row in table.losses if row.left_out is None]
    columns = min(4, math.ceil(len(methods) ** 0.5))
    rows = -(-len(methods) // columns)
    figure = Figure(figsize=(max(3.4 * columns, 5.0), 2.7 * rows + 0.6))
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for place, (panel, name) in enumerate(zip(panels, methods, strict=False)):
        for index, domain in enumerate(table.domains):
            cells = [row for row in whole if (row.method, row.domain) == (name, domain.name)]
            for key, line in (("train_loss", "-"), ("validation_loss", "--")):
                _draw_losses(panel, cells, key, look(index), line)
        panel.set_title(drawn(table, name, 28))
        panel.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        if place + columns >= len(methods):
            panel.set_xlabel("epoch")
        if place % columns == 0:
            panel.set_ylabel("loss")
    for panel in panels[len(methods) :]:
        panel.remove()
    handles = [
        Line2D(
            [],
            [],
            color=look(index)[0],
            marker=look(index)[1],
            ms=5,
            lw=1.5,
            label=f"on {plain(domain.name, 24)}",
        )
        for index, domain in enumerate(table.domains)
    ]
    handles += [
        Line2D([], [], color="black", ls=line, label=words)
        for line, words in (("-", "training events"), ("--", "validation events"))
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(4, columns + 1))
    return figure


def _draw_losses(panel: Axes, cells: list[Losses], key: str, shape: Look, line: str) -> None:
    found: dict[int, list[float]] = {}
    for cell in cells:
        for row in cell.history:
            value = getattr(row, key)
            if value is not None:
                found.setdefault(row.epoch, []).append(value)
    if not found:
        return
    colour, marker = shape
    epochs = sorted(found)
    bands: NDArray[np.float64] = np.array(
        [[min(found[e]), float(np.mean(found[e])), max(found[e])] for e in epochs]
    )
    panel.fill_between(epochs, bands[:, 0], bands[:, 2], color=colour, alpha=0.15, lw=0)
    # Few markers, so that the domains can be told apart in grey and the lines be seen.
    panel.plot(
        epochs, bands[:, 1], color=colour, ls=line, lw=1.5, marker=marker, ms=5,
        markevery=max(1, len(epochs) // 5),
    )  # fmt: skip
