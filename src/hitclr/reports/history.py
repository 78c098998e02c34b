"""The picture of the losses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hitclr.reports.results import Epoch
from hitclr.reports.style import look

__all__ = ["draw_history", "has_losses"]


def has_losses(history: Sequence[Epoch]) -> bool:
    """Tell whether there is any loss to draw."""
    return any(row.train_loss is not None or row.validation_loss is not None for row in history)


def draw_history(history: Sequence[Epoch]) -> Figure:
    """Draw the losses against the epoch, with gaps where a loss is missing.

    Args:
        history: at least one epoch with a loss.
    """
    epochs = [row.epoch for row in history]
    lines = {
        "train": [row.train_loss for row in history],
        "validation": [row.validation_loss for row in history],
    }
    figure = Figure(figsize=(4.9, 4.4))
    axes = figure.add_subplot()
    for index, (name, losses) in enumerate(lines.items()):
        values = np.array(losses, dtype=np.float64)
        if np.isfinite(values).any():
            colour, marker = look(index)
            axes.plot(
                epochs,
                values,
                color=colour,
                ls="-" if index == 0 else "--",
                lw=1.5,
                marker=marker,
                ms=4 if len(epochs) <= 60 else 0,
                label=name,
            )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss")
    axes.legend()
    return figure
