"""One picture of a report."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

__all__ = ["Picture"]


@dataclass(frozen=True)
class Picture:
    """A picture, written beside the page and shown in it.

    Attributes:
        name: the stem of its files.
        data: the PNG file in base64.
    """

    name: str
    data: str

    @classmethod
    def write(cls, figure: Figure, folder: Path, name: str) -> Picture:
        """Write ``name.png`` and ``name.pdf`` into ``folder``; without dates, so runs compare."""
        png = folder / f"{name}.png"
        figure.savefig(png)
        # The layout is found once: it is the slow part, and both files shall look the same.
        figure.set_layout_engine("none")
        figure.savefig(folder / f"{name}.pdf", metadata={"CreationDate": None})
        return cls(name, base64.b64encode(png.read_bytes()).decode("ascii"))
