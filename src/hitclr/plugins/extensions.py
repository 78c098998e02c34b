"""What of plugins is run after training, made so that its errors say whose they are."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from hitclr.plugins.faults import guarded, how_to_leave_out
from hitclr.plugins.manager import Plugins
from hitclr.plugins.registry import Registered
from hitclr.reports.section import SectionWriter, write_section
from hitclr.studies import Estimate, ScoredEvents
from hitclr.studies.scores import measure

__all__ = ["scorers", "section_writers"]


def scorers(plugins: Plugins) -> dict[str, Callable[[ScoredEvents], Estimate | None]]:
    """The metrics by name, for `hitclr.studies.score_events`; each raises `PluginError` only."""
    return {
        entry.name: guarded(
            functools.partial(measure, entry.value),
            f"plugin {entry}, hook register_metrics, metric {entry.name!r}",
            f"{_without(entry)}; then go on with --resume, no training is lost",
        )
        for entry in plugins.metrics
    }


def section_writers(plugins: Plugins) -> list[SectionWriter]:
    """The sections of reports, by name; each raises `PluginError` only."""
    return [
        guarded(
            functools.partial(write_section, entry.value, entry.name),
            f"plugin {entry}, hook register_report_sections, section {entry.name!r}",
            f"{_without(entry)}; `hitclr report` writes the report from the tables",
        )
        for entry in sorted(plugins.report_sections, key=lambda entry: entry.name)
    ]


def _without(entry: Registered[Any]) -> str:
    return f"without the plugin: {how_to_leave_out(entry.owner)}"
