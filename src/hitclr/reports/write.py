"""Read the tables, draw the pictures, write the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from hitclr.reports.confusion import draw_confusion
from hitclr.reports.embedding_map import draw_embedding
from hitclr.reports.event_display import draw_event_display
from hitclr.reports.folder import PAGE, replace_report
from hitclr.reports.history import draw_history, has_losses
from hitclr.reports.page import render_page
from hitclr.reports.picture import Picture
from hitclr.reports.projection import Projection, obstacle, project
from hitclr.reports.style import style
from hitclr.reports.tables import Tables, read_tables
from hitclr.reports.weights import draw_weights

if TYPE_CHECKING:
    from hitclr.reports.section import SectionWriter

__all__ = ["write_report"]


def write_report(directory: Path, sections: Sequence[SectionWriter] = ()) -> Path:
    """Write the report of one run, as ``report/index.html`` and pictures beside it.

    The report is made in a hidden folder and then renamed into place, so that there is never half
    of one; an earlier report is replaced as a whole.

    Args:
        directory: the output folder of the run, which holds ``results.json``, ``events.npz`` and
            ``views.npz``.
        sections: make the sections of plugins.

    Returns:
        The path of the page.

    Raises:
        OutputError: a table is missing or unusable, ``report`` is something else than an earlier
            report, or the folder cannot be written to.
        PluginError: a section of a plugin cannot be made.
    """
    tables = read_tables(directory)
    return replace_report(directory, lambda folder: _write_into(folder, tables, sections))


def _write_into(folder: Path, tables: Tables, sections: Sequence[SectionWriter]) -> None:
    no_map = obstacle(tables.events)
    projection = None if no_map else project(tables.events)
    with style():
        pictures = {
            name: Picture.write(figure, folder, name)
            for name, figure in _figures(tables, projection).items()
        }
        written = [found for write in sections if (found := write(tables, folder)) is not None]
    for one in written:
        pictures |= one.pictures
    page = render_page(tables, pictures, projection, no_map, [one.section for one in written])
    (folder / PAGE).write_text(page, encoding="utf-8", errors="backslashreplace")


def _figures(tables: Tables, projection: Projection | None) -> dict[str, Figure]:
    """The pictures that the tables allow, by name."""
    results, events = tables.results, tables.events
    figures = {}
    if results.reweighting is not None:
        figures["weights"] = draw_weights(results.reweighting)
    if results.confusion and results.classes:
        figures["confusion"] = draw_confusion(results.confusion, results.classes)
    if has_losses(results.history):
        figures["history"] = draw_history(results.history)
    if projection is not None:
        rows = projection.rows
        figures["embedding_by_class"] = draw_embedding(
            projection, events.split[rows], events.label[rows], results.classes
        )
        figures["embedding_by_sample"] = draw_embedding(
            projection, events.split[rows], events.domain[rows], results.samples, shift=2
        )
    figures["event_views"] = draw_event_display(tables.views, results.position_unit)
    return figures
