"""Read the table of a study, draw the pictures, write the page and the Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure

from hitclr.reports.confusion import draw_matrices
from hitclr.reports.folder import PAGE, replace_report
from hitclr.reports.picture import Picture
from hitclr.reports.study.answer import ranking
from hitclr.reports.study.curves import accuracy_of, can_draw, draw_curves, ece_of
from hitclr.reports.study.examples import Examples, choose_examples
from hitclr.reports.study.heat_map import draw_heat_map
from hitclr.reports.study.html import render_html
from hitclr.reports.study.map_picture import draw_maps
from hitclr.reports.study.maps import EmbeddingMap, make_maps
from hitclr.reports.study.markdown import render_markdown
from hitclr.reports.study.names import (
    CONFUSION,
    RANKING,
    TRAINING,
    curves,
    ece,
    heat_map,
    maps,
    shifts,
)
from hitclr.reports.study.ranking import draw_ranking
from hitclr.reports.study.sections import make_document
from hitclr.reports.study.shift_picture import can_draw_shifts, draw_shifts
from hitclr.reports.study.table import StudyTable, load_study_table
from hitclr.reports.study.training import draw_training, trained
from hitclr.reports.style import plain, style
from hitclr.reports.summary import count_of

if TYPE_CHECKING:
    from hitclr.reports.section import SectionWriter

__all__ = ["write_study_report"]

_TABLE, _MARKDOWN = "study.json", "report.md"
_DPI = 150


def write_study_report(directory: Path, sections: Sequence[SectionWriter] = ()) -> Path:
    """Write the report of a study, as ``report/index.html``, ``report.md`` and pictures beside.

    It can be made anew at any time, also of a study of which only some cells are done: then it says
    which are missing. An earlier report is replaced as a whole.

    Args:
        directory: the output folder of the study, which holds ``study.json`` and ``cells``.
        sections: make the sections of plugins.

    Returns:
        The path of the page.

    Raises:
        OutputError: a table is missing or unusable, ``report`` is something else than an earlier
            report, or the folder cannot be written to.
        PluginError: a section of a plugin cannot be made.
    """
    table = load_study_table(directory / _TABLE)
    examples = choose_examples(table)
    found: Mapping[str, Sequence[EmbeddingMap]] = {}
    no_maps: Sequence[str] = ()
    if examples is not None:
        found, no_maps = make_maps(table, directory, examples)

    def fill(folder: Path) -> None:
        # The page has many pictures in it; for print there are the PDF files.
        with style(), mpl.rc_context({"savefig.dpi": _DPI}):
            pictures = {
                name: Picture.write(figure, folder, name)
                for name, figure in _figures(table, examples, found)
            }
            written = [one for write in sections if (one := write(table, folder)) is not None]
        document = make_document(table, pictures, examples, no_maps)
        more = [one.section for one in written]
        document = replace(document, sections=[*document.sections, *more])
        for one in written:
            pictures |= one.pictures
        (folder / PAGE).write_text(
            render_html(document, pictures), encoding="utf-8", errors="backslashreplace"
        )
        (folder / _MARKDOWN).write_text(
            render_markdown(document), encoding="utf-8", errors="backslashreplace"
        )

    return replace_report(directory, fill)


def _figures(
    table: StudyTable, examples: Examples | None, found: Mapping[str, Sequence[EmbeddingMap]]
) -> Iterator[tuple[str, Figure]]:
    """The pictures that the table allows, one by one: they are large in memory."""
    if any(
        ranking(table, domain.name, "mean", target=target, labels=True)
        for domain in table.domains
        for target in (False, True)
    ):
        yield RANKING, draw_ranking(table)
    for index, axis in enumerate(table.axes):
        if can_draw(table, axis, accuracy_of):
            name = curves(index, axis.parameter)
            yield name, draw_curves(table, axis, accuracy_of, "accuracy")
        if can_draw(table, axis, ece_of):
            title = "expected calibration error"
            yield ece(index, axis.parameter), draw_curves(table, axis, ece_of, title)
    for index, domain in enumerate(table.domains):
        if any(row.domain == domain.name and row.value is not None for row in table.curve):
            yield heat_map(index, domain.name), draw_heat_map(table, domain.name)
        if can_draw_shifts(table, domain.name):
            yield shifts(index, domain.name), draw_shifts(table, domain.name)
    matrices = [] if examples is None else _matrices(table, examples)
    if matrices:
        yield CONFUSION, draw_matrices(matrices, table.classes)
    for kind, some in found.items():
        yield maps(kind), draw_maps(table, some, kind)
    if trained(table):
        yield TRAINING, draw_training(table)


def _matrices(
    table: StudyTable, examples: Examples
) -> list[tuple[str, tuple[tuple[int, ...], ...]]]:
    """The matrices of the methods in detail, at the nominal and at the worst throw."""
    wanted = dict.fromkeys([table.nominal, *([examples.worst] if examples.worst else [])])
    rows = {(row.method, row.domain, row.throw): row.matrix for row in table.confusion}
    return [
        (
            (
                f"{plain(method, 24)} on {plain(throw, 24)}\n"
                f"({count_of(sum(map(sum, matrix)), 'event')}, all seeds)"
            ),
            matrix,
        )
        for method in examples.methods
        for throw in wanted
        if (matrix := rows.get((method, examples.domain, throw))) is not None
    ]
