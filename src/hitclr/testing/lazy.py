"""Names of a package that are imported when they are first used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["imported_on_use"]


def imported_on_use(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """A module's ``__getattr__`` (PEP 562) that hands on names from other modules.

    pytest imports `hitclr.testing.pytest_plugin`, and so this package, in every run where hitclr
    is installed: that must not import torch.

    Args:
        package: the name of the package.
        homes: for each name the module that has it.

    >>> imported_on_use("here", {"sqrt": "math"})("sqrt")(4.0)
    2.0
    """

    def imported(name: str) -> Any:
        if name not in homes:
            message = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(message)
        return getattr(import_module(homes[name]), name)

    return imported
