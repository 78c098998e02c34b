"""All result tables of one run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hitclr.reports.event_table import EventTable, load_events
from hitclr.reports.results import Results, load_results
from hitclr.reports.view_table import ViewTable, load_views

__all__ = ["Tables", "read_tables"]


@dataclass(frozen=True)
class Tables:
    """The result tables of one run.

    Attributes:
        results: ``results.json``: settings, counts, scores, losses.
        events: ``events.npz``: one row for each event.
        views: ``views.npz``: one event and its two views.
    """

    results: Results
    events: EventTable
    views: ViewTable


def read_tables(directory: Path) -> Tables:
    """Read the result tables in ``directory``.

    Args:
        directory: the output folder of a run.

    Raises:
        OutputError: a file is missing or damaged, lacks a key, or contradicts another; the
            message names file and key.
    """
    results = load_results(directory / "results.json")
    return Tables(
        results=results,
        events=load_events(directory / "events.npz", len(results.classes), len(results.samples)),
        views=load_views(directory / "views.npz"),
    )
