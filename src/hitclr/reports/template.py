"""Templates of pages: all text is escaped, the style is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

import jinja2
import yaml
from markupsafe import Markup

__all__ = ["as_yaml", "fill_template"]


def fill_template(name: str, filters: Mapping[str, Callable[..., str]], **values: Any) -> str:
    """A page from a template in ``hitclr.reports``.

    Args:
        name: the template's file.
        filters: functions that the template uses on values.
        values: what it shows. They come from files, so everything is escaped; a forgotten value is
            an error, not a blank. ``css`` is there by itself.
    """
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_source),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters)
    css = Markup(_source("page.css"))  # noqa: S704 - our own
    return environment.get_template(name).render(css=css, **values)


def _source(name: str) -> str:
    return files("hitclr.reports").joinpath(name).read_text(encoding="utf-8")


def as_yaml(value: Mapping[str, Any]) -> str:
    """A mapping to read; empty where it is."""
    return yaml.safe_dump(dict(value), sort_keys=False, allow_unicode=True) if value else ""
