"""``hitclr report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["report"]


def report(
    folder: Annotated[
        Path, typer.Argument(help="The folder of a study or of a training run.", show_default=False)
    ],
) -> None:
    """Write the report of a study, or of a run, anew from its tables."""
    from hitclr.cli.show import say
    from hitclr.errors import OutputError
    from hitclr.plugins import load_plugins
    from hitclr.plugins.extensions import section_writers
    from hitclr.reports import write_report
    from hitclr.reports.study import write_study_report
    from hitclr.runs.study import STUDY_TABLE
    from hitclr.studies import RESULTS_FILE

    if (folder / STUDY_TABLE).exists():
        say(f"report: {write_study_report(folder, section_writers(load_plugins()))}", whole=True)
    elif (folder / RESULTS_FILE).exists():
        say(f"report: {write_report(folder, section_writers(load_plugins()))}", whole=True)
    else:
        message = (
            f"{folder} has neither {STUDY_TABLE} nor {RESULTS_FILE}: it is no folder of a study or "
            f"of a run\n  what to do: give the folder after --out, or `out` of the settings"
        )
        raise OutputError(message)
