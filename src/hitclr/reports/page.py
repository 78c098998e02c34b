"""The page: one HTML file that needs nothing beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hitclr.reports.picture import Picture
from hitclr.reports.projection import Projection
from hitclr.reports.results import Count
from hitclr.reports.summary import cautions, count_of, interval, number, summary
from hitclr.reports.tables import Tables
from hitclr.reports.template import as_yaml, fill_template

if TYPE_CHECKING:
    from hitclr.reports.study.document import Section

__all__ = ["duration", "render_page"]


def render_page(
    tables: Tables,
    pictures: Mapping[str, Picture],
    projection: Projection | None,
    no_map: str,
    sections: Sequence[Section] = (),
) -> str:
    """The HTML of a report.

    Args:
        tables: the result tables.
        pictures: the pictures that there are, by name.
        projection: what the embedding pictures show, where there are any.
        no_map: why there are none, otherwise.
        sections: what plugins have to say.
    """
    return fill_template(
        "page.html.j2",
        {
            "count_of": count_of,
            "duration": duration,
            "interval": interval,
            "number": number,
            "options": _options,
            "yaml": as_yaml,
        },
        results=tables.results,
        events=tables.events,
        views=tables.views,
        pictures=pictures,
        projection=projection,
        no_map=no_map,
        sections=sections,
        summary=summary(tables.results),
        cautions=cautions(tables.results),
        totals=_totals(tables.results.counts),
    )


def duration(seconds: float) -> str:
    """A time span to read.

    >>> duration(0.4), duration(95), duration(3725)
    ('0.4 s', '1 min 35 s', '1 h 2 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _totals(counts: tuple[Count, ...]) -> dict[str, int]:
    return {
        split: sum(getattr(row, split) for row in counts)
        for split in ("train", "validation", "test")
    }


def _options(part: Mapping[str, Any]) -> str:
    """The options of a method or an encoder in one line."""
    return ", ".join(
        f"{key} {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for key, value in part.items()
        if key not in ("name", "parameters")
    )
