"""The picture of the loss against the learning rate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from hitclr.reports.style import GREY, look, style

__all__ = ["draw_lr_curve", "write_lr_curve"]

Values = Sequence[float] | npt.NDArray[np.float64]


def draw_lr_curve(
    rates: Values, losses: Values, smooth: Values, suggestion: float | None
) -> Figure:
    """Draw the losses of a training with rising learning rates, and where they fall most steeply.

    Args:
        rates: [S], above 0.
        losses: [S], of the step with each rate.
        smooth: [S], the losses averaged over neighbours.
        suggestion: the rate to mark; None for none.
    """
    figure = Figure(figsize=(4.9, 4.4))
    axes = figure.add_subplot()
    axes.plot(rates, losses, color=GREY, lw=0.8, label="each step")
    axes.plot(rates, smooth, color=look(0)[0], lw=1.5, label="smoothed")
    if suggestion is not None:
        colour = look(1)[0]
        axes.axvline(suggestion, color=colour, ls="--", lw=1.2, label=f"steepest: {suggestion:.2g}")
    axes.set_xscale("log")
    finite = np.asarray(smooth)
    # A loss that runs away at the end would press all before it flat.
    low, start = float(finite.min()), float(finite[0])
    margin = max(start - low, 0.05 * abs(start), 1e-6)
    axes.set_ylim(low - 0.3 * margin, max(start, low) + 0.7 * margin)
    axes.set_xlabel("learning rate")
    axes.set_ylabel("loss")
    axes.legend()
    return figure


def write_lr_curve(
    path: Path, rates: Values, losses: Values, smooth: Values, suggestion: float | None
) -> None:
    """`draw_lr_curve` into a file, whose ending says its kind."""
    with style():
        draw_lr_curve(rates, losses, smooth, suggestion).savefig(path)
