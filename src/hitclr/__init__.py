"""hitclr: robust, graph-based learning on detector hits.

Importing this package is quick and discovers nothing: no plugin is loaded and neither torch nor
uproot is imported before they are used. A plugin needs ``hitclr.hookimpl`` and the public classes
of the sub-packages that it extends.
"""

from __future__ import annotations

import pluggy

__all__ = ["__version__", "hookimpl"]

__version__ = "0.1.0"

hookimpl = pluggy.HookimplMarker("hitclr")
"""Marks a function of a plugin as the implementation of one of `hitclr.plugins.hookspecs`."""
