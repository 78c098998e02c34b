"""How the pictures look: an mplhep style made small, colours that all eyes tell apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from mplhep.styles import ROOT

__all__ = ["GREY", "Look", "look", "plain", "style", "with_unit"]

Look = tuple[str, str]
"""A colour and a marker."""

# Okabe and Ito, "Color Universal Design", https://jfly.uni-koeln.de/color/, without the yellow,
# which is too faint on white.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS = ("o", "^", "s", "D", "v", "P", "*", "<")
GREY = "#8A8A8A"

# The fonts come with matplotlib, so that no machine lacks them and a picture is the same on all.
_OWN: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 10,
    "mathtext.fontset": "dejavusans",
    "axes.titlesize": 10,
    "axes.labelsize": 10,
    "axes.linewidth": 0.8,
    "axes.unicode_minus": True,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "xtick.major.size": 5,
    "ytick.major.size": 5,
    "xtick.minor.visible": False,
    "ytick.minor.visible": False,
    "legend.fontsize": 9,
    "figure.constrained_layout.use": True,
    "savefig.dpi": 200,
}


@contextmanager
def style() -> Iterator[None]:
    """Draw and save in here: matplotlib's settings are the report's inside, as before after it."""
    settings: Any = {**ROOT, **_OWN}
    with mpl.rc_context(settings):
        yield


def look(index: int, shift: int = 0) -> Look:
    """The colour and the marker of category ``index``; grey crosses for -1, the unknown.

    Args:
        index: the category.
        shift: starts elsewhere in both lists, so that a second kind of category does not look
            like the first.
    """
    if index < 0:
        return GREY, "X"
    return _COLOURS[(index + shift) % len(_COLOURS)], _MARKERS[(index + shift) % len(_MARKERS)]


def plain(text: str, limit: int = 40) -> str:
    r"""Text from a file, safe to draw: no formulas, one line, not too long.

    >>> plain("2$ and 3$")
    '2\\$ and 3\\$'
    """
    line = " ".join(text.split())
    if len(line) > limit:
        line = line[: limit - 1] + "…"
    return line.replace("$", r"\$")


def with_unit(name: str, unit: str) -> str:
    """An axis label.

    >>> with_unit("x", "m"), with_unit("x", "")
    ('x [m]', 'x')
    """
    return f"{plain(name)} [{plain(unit)}]" if unit else plain(name)
