"""Read the tables, draw the pictures, write the page."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from matplotlib.figure import Figure

from hitclr.errors import OutputError
from hitclr.reports.confusion import draw_confusion
from hitclr.reports.embedding_map import draw_embedding
from hitclr.reports.event_display import draw_event_display
from hitclr.reports.history import draw_history, has_losses
from hitclr.reports.page import render_page
from hitclr.reports.picture import Picture
from hitclr.reports.projection import Projection, obstacle, project
from hitclr.reports.style import style
from hitclr.reports.tables import Tables, read_tables
from hitclr.reports.weights import draw_weights

__all__ = ["write_report"]

_FOLDER, _PAGE = "report", "index.html"


def write_report(directory: Path) -> Path:
    """Write the report of one run, as ``report/index.html`` and pictures beside it.

    The report is made in a hidden folder and then renamed into place, so that there is never half
    of one; an earlier report is replaced as a whole.

    Args:
        directory: the output folder of the run, which holds ``results.json``, ``events.npz`` and
            ``views.npz``.

    Returns:
        The path of the page.

    Raises:
        OutputError: a table is missing or unusable, ``report`` is something else than an earlier
            report, or the folder cannot be written to.
    """
    tables = read_tables(directory)
    target = directory / _FOLDER
    _refuse_foreign(target)
    try:
        with TemporaryDirectory(prefix=".report-", dir=directory) as scratch:
            fresh, stale = Path(scratch, "fresh"), Path(scratch, "stale")
            fresh.mkdir()
            _write_into(fresh, tables)
            _put_in_place(fresh, target, stale)
    except OSError as error:
        message = (
            f"the report cannot be written to {target}: {error}\n"
            f"  what to do: check that the folder may be written to and the disk has room"
        )
        raise OutputError(message) from error
    return target / _PAGE


def _write_into(folder: Path, tables: Tables) -> None:
    no_map = obstacle(tables.events)
    projection = None if no_map else project(tables.events)
    with style():
        pictures = {
            name: Picture.write(figure, folder, name)
            for name, figure in _figures(tables, projection).items()
        }
    page = render_page(tables, pictures, projection, no_map)
    (folder / _PAGE).write_text(page, encoding="utf-8")


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


def _refuse_foreign(target: Path) -> None:
    """Replacing a folder deletes what is in it, so it must be a report."""
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        got = "a link" if target.is_symlink() else "a file"
    elif target.is_dir() and any(target.iterdir()) and not (target / _PAGE).is_file():
        got = f"a folder without {_PAGE}"
    else:
        return
    message = (
        f"expected {target} to be free or to hold an earlier report, got {got}\n"
        f"  what to do: move it away"
    )
    raise OutputError(message)


def _put_in_place(fresh: Path, target: Path, stale: Path) -> None:
    if target.exists():
        target.rename(stale)
    try:
        fresh.rename(target)
    except OSError:
        if stale.exists():
            stale.rename(target)
        raise
