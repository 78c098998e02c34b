"""A report as one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Mapping

from hitclr.reports.picture import Picture
from hitclr.reports.study.document import Document
from hitclr.reports.template import fill_template

__all__ = ["render_html"]


def render_html(document: Document, pictures: Mapping[str, Picture]) -> str:
    """The HTML of a report.

    Args:
        document: the report.
        pictures: all that it shows, by name.
    """
    return fill_template("document.html.j2", {}, document=document, pictures=pictures)
