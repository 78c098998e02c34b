"""Lazy imports of optional packages, with the install command in the error."""

from __future__ import annotations

import importlib
from types import ModuleType

from hitclr.errors import MissingExtraError

__all__ = ["require"]


def require(module: str, *, purpose: str, install: str) -> ModuleType:
    """Import ``module`` or say what it is needed for and how to get it.

    Args:
        module: the dotted name to import.
        purpose: what needs it, for the message.
        install: what to give to ``pip install``.

    Raises:
        MissingExtraError: the package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or module.split(".")[0] != error.name.split(".")[0]:
            raise
        message = (
            f"{purpose} needs the package {module}, which is not installed.\n"
            f"  what to do: pip install '{install}'"
        )
        raise MissingExtraError(message) from error
