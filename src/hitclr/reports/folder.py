"""The folder of a report: written beside, then put in place as a whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from hitclr.errors import OutputError

__all__ = ["PAGE", "replace_report"]

_FOLDER = "report"
PAGE = "index.html"
"""The file of the page, which every report has."""


def replace_report(directory: Path, fill: Callable[[Path], None]) -> Path:
    """Make ``directory/report`` anew.

    It is filled in a hidden folder and then renamed into place, so that there is never half of a
    report; an earlier one is replaced as a whole.

    Args:
        directory: what the report is of.
        fill: writes the page and what stands beside it into an empty folder.

    Returns:
        The path of the page.

    Raises:
        OutputError: ``report`` is something else than an earlier report, or the folder cannot be
            written to.
    """
    target = directory / _FOLDER
    _refuse_foreign(target)
    try:
        with TemporaryDirectory(prefix=".report-", dir=directory) as scratch:
            fresh, stale = Path(scratch, "fresh"), Path(scratch, "stale")
            fresh.mkdir()
            fill(fresh)
            _put_in_place(fresh, target, stale)
    except OSError as error:
        message = (
            f"the report cannot be written to {target}: {error}\n"
            f"  what to do: check that the folder may be written to and the disk has room"
        )
        raise OutputError(message) from error
    return target / PAGE


def _refuse_foreign(target: Path) -> None:
    """Replacing a folder deletes what is in it, so it must be a report."""
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        got = "a link" if target.is_symlink() else "a file"
    elif target.is_dir() and any(target.iterdir()) and not (target / PAGE).is_file():
        got = f"a folder without {PAGE}"
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
