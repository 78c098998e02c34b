"""How the methods of a study look in its pictures: the same in all of them, also in grey."""

from __future__ import annotations

from typing import NamedTuple

from hitclr.reports.study.table import StudyTable
from hitclr.reports.study.wording import drawn
from hitclr.reports.style import look

__all__ = ["Series", "series"]

_LINES = ("-", "--", "-.", ":")


class Series(NamedTuple):
    """The look of one method.

    Attributes:
        name: of the method.
        label: for the legend, safe to draw.
        colour: of line and marker.
        marker: its shape.
        line: the style of the line.
        face: the colour inside the marker: white where the method saw the target.
    """

    name: str
    label: str
    colour: str
    marker: str
    line: str
    face: str


def series(table: StudyTable) -> list[Series]:
    """The look of each method. Seven colours, eight markers and four lines repeat after 56."""
    made = []
    for index, method in enumerate(table.methods):
        colour, marker = look(index)
        made.append(
            Series(
                name=method.name,
                label=drawn(table, method.name, 32),
                colour=colour,
                marker=marker,
                line=_LINES[index % len(_LINES)],
                face="white" if method.target else colour,
            )
        )
    return made
