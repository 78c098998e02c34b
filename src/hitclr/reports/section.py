"""Sections of reports that plugins bring."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from matplotlib.figure import Figure

from hitclr.reports.picture import Picture
from hitclr.reports.study.document import Block, Code, Image, Note, Section, Table, Text
from hitclr.reports.study.table import StudyTable
from hitclr.reports.tables import Tables

__all__ = ["Drawing", "ReportSection", "SectionWriter", "WrittenSection", "write_section"]


@dataclass(frozen=True, eq=False)
class Drawing:
    """A picture that is still to be written.

    Attributes:
        figure: matplotlib's figure, of `matplotlib.figure.Figure`; pyplot would keep it open.
        alt: what it shows, for those who cannot see it.
        caption: what stands below it.
    """

    figure: Figure
    alt: str
    caption: str


class ReportSection:
    """A section of the report of a run, of a study, or of both.

    Text is shown as it is: nothing in it is HTML or Markdown.

    Attributes:
        title: its heading.
    """

    title: str

    def of_run(self, tables: Tables) -> Sequence[Block | Drawing]:
        """What stands in the report of a run; nothing: there is no such section.

        Args:
            tables: all result tables of the run.
        """
        return ()

    def of_study(self, table: StudyTable) -> Sequence[Block | Drawing]:
        """What stands in the report of a study; nothing: there is no such section.

        Args:
            table: the result table of the study.
        """
        return ()


@dataclass(frozen=True)
class WrittenSection:
    """A section, and its pictures by name."""

    section: Section
    pictures: dict[str, Picture]


SectionWriter: TypeAlias = Callable[[Tables | StudyTable, Path], WrittenSection | None]
"""Makes a section of a report, and writes its pictures into a folder; None for no section."""


def write_section(
    section: ReportSection, name: str, report: Tables | StudyTable, folder: Path
) -> WrittenSection | None:
    """Make a section of a report, and write its pictures.

    Args:
        section: the section.
        name: under which it is registered; its pictures are called after it.
        report: what the report is made from.
        folder: where the pictures go.

    Returns:
        The section; None where this report has none.

    Raises:
        TypeError: it gives something else than blocks.
    """
    content = section.of_run(report) if isinstance(report, Tables) else section.of_study(report)
    blocks: list[Block] = []
    pictures: dict[str, Picture] = {}
    for block in content:
        if isinstance(block, Drawing):
            stem = f"section-{name}-{len(pictures) + 1}"
            pictures[stem] = Picture.write(block.figure, folder, stem)
            blocks.append(Image(stem, block.alt, block.caption))
            continue
        given: object = block
        if not isinstance(given, (Text, Note, Table, Code)):
            message = f"expected Text, Note, Table, Code or Drawing, got {given!r}"
            raise TypeError(message)
        blocks.append(given)
    return WrittenSection(Section(section.title, blocks), pictures) if blocks else None
