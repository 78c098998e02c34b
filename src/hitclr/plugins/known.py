"""The plugins of this project, by which a name that is not there can be told where to get."""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["KNOWN_PLUGINS", "known_plugin"]

KNOWN_PLUGINS = MappingProxyType(
    {"cube": "hitclr-cube", "km3net": "hitclr-km3net", "lartpc": "hitclr-lartpc"}
)
"""The distribution of each plugin. All that a plugin registers is called by its own name, or by
that, a hyphen and more; a test holds the packages to it."""


def known_plugin(name: str) -> str | None:
    """The plugin of this project that brings what is called so; None where none does.

    >>> known_plugin("km3net-noise"), known_plugin("rotation")
    ('km3net', None)
    """
    return next((p for p in KNOWN_PLUGINS if name == p or name.startswith(f"{p}-")), None)
