"""Whether a plugin's module keeps the rules of the host, before anything of it is called.

pluggy does not notice a hook with a misspelt name, or one without a mark.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pluggy

import hitclr
from hitclr.errors import PluginError, did_you_mean
from hitclr.plugins import hookspecs
from hitclr.plugins.info import PluginInfo

__all__ = ["VERSION_ATTRIBUTE", "inspect_module"]

VERSION_ATTRIBUTE = "HITCLR_HOOKS"
"""What a plugin's module says the version of its hooks with."""


def inspect_module(module: ModuleType, info: PluginInfo, host: pluggy.PluginManager) -> None:
    """Check a module that is to be registered.

    Args:
        module: the plugin's module.
        info: the plugin.
        host: knows the marks of implementations.

    Raises:
        PluginError: it was written for other hooks; it has a hook that is not one, is not marked,
            wraps others, or asks for an argument that the hook does not give.
    """
    _require_version(module, info)
    for name in dir(module):
        value = getattr(module, name)
        options = host.parse_hookimpl_opts(module, name)
        if options is None:
            if name in hookspecs.__all__ and getattr(value, "__module__", "") == module.__name__:
                message = f"{info.title}, hook {name}: it is not marked with @hitclr.hookimpl"
                raise PluginError(message)
            continue
        hook = options.get("specname") or name
        if hook not in hookspecs.__all__:
            near = did_you_mean(hook, hookspecs.__all__)
            message = f"{info.title}, hook {hook}: hitclr has no such hook. {near}"
            raise PluginError(message)
        if options.get("wrapper") or options.get("hookwrapper"):
            message = f"{info.title}, hook {hook}: hooks of hitclr are not wrapped by others"
            raise PluginError(message)
        _require_signature(value, hook, info)


def _require_version(module: ModuleType, info: PluginInfo) -> None:
    version = getattr(module, VERSION_ATTRIBUTE, 1)
    if version == hookspecs.HOOK_VERSION and not isinstance(version, bool):
        return
    if not isinstance(version, int) or isinstance(version, bool):
        message = f"{info.title}: expected {VERSION_ATTRIBUTE} to be a number, got {version!r}"
        raise PluginError(message)
    said = "" if hasattr(module, VERSION_ATTRIBUTE) else ", since it does not say which"
    older = version < hookspecs.HOOK_VERSION
    message = (
        f"{info.title}: it was written for version {version} of hitclr's hooks "
        f"({VERSION_ATTRIBUTE}{said}), and hitclr {hitclr.__version__} has version "
        f"{hookspecs.HOOK_VERSION}\n"
        f"  what to do: install a newer {info.distribution if older else 'hitclr'}, or an older "
        f"{'hitclr' if older else info.distribution}"
    )
    raise PluginError(message)


def _require_signature(function: Callable[..., Any], hook: str, info: PluginInfo) -> None:
    given = inspect.signature(getattr(hookspecs, hook)).parameters
    wanted = [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    wrong = [p.name for p in wanted if p.name not in given or p.kind is p.KEYWORD_ONLY]
    if wrong:
        asked = ", ".join(repr(name) for name in wrong)
        message = (
            f"{info.title}, hook {hook}: it asks for {asked}, which the hook does not give\n"
            f"  what to do: write it as {hook}({', '.join(given)}); what it does not need it may "
            f"leave out"
        )
        raise PluginError(message)
