"""Saying whose code it was that failed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from hitclr.errors import DuplicateNameError, HitclrError, PluginError

__all__ = ["faults_of", "guarded", "how_to_leave_out"]

P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def faults_of(whose: str, advice: str = "") -> Iterator[None]:
    """Make whatever goes wrong inside an error that names plugin, distribution, hook and cause.

    Args:
        whose: the plugin and its distribution, and what of it is run, such as the hook.
        advice: what to do.

    Raises:
        PluginError: something went wrong; only a name that is taken stays the error that it is.
    """
    try:
        yield
    except DuplicateNameError:
        raise
    except (Exception, SystemExit) as error:
        own = isinstance(error, HitclrError)
        cause = str(error) if own else f"{type(error).__name__}: {error}"
        message = f"{whose}: {cause}" + (f"\n  what to do: {advice}" if advice else "")
        raise PluginError(message) from error


def guarded(function: Callable[P, R], whose: str, advice: str = "") -> Callable[P, R]:
    """The same function, whose errors are those of `faults_of`."""

    @functools.wraps(function, assigned=())
    def guard(*args: P.args, **kwargs: P.kwargs) -> R:
        with faults_of(whose, advice):
            return function(*args, **kwargs)

    return guard


def how_to_leave_out(plugin: str) -> str:
    """How to run without a plugin, in words."""
    return f"hitclr --no-plugin {plugin} ..., or HITCLR_DISABLE_PLUGINS={plugin}"
