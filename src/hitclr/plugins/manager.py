"""Finding plugins, asking them what they bring, and keeping a broken one from taking down the rest.

pluggy's own loading stops at the first plugin that fails to import and does not notice a hook with
a misspelt name; here each entry point is loaded by itself and each implementation is checked.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.metadata import Distribution, EntryPoint, distributions
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pluggy

import hitclr
from hitclr.errors import DuplicateNameError, did_you_mean
from hitclr.plugins import builtin, hookspecs
from hitclr.plugins.registry import Registrar, Registry

if TYPE_CHECKING:
    from torch import nn

    from hitclr.augment import Augmentation
    from hitclr.demo import Demo
    from hitclr.detectors import Detector
    from hitclr.graphs import EdgeBuilder
    from hitclr.io import Schema
    from hitclr.methods import Method
    from hitclr.studies.validators import Validator

__all__ = ["DISABLE_VARIABLE", "GROUP", "PluginInfo", "Plugins", "load_plugins"]

GROUP = "hitclr"
"""The entry-point group of plugins."""

DISABLE_VARIABLE = "HITCLR_DISABLE_PLUGINS"
"""The environment variable with the names of plugins to leave out, separated by commas."""

_BUILTIN = "hitclr"


@dataclass
class PluginInfo:
    """One plugin: where it comes from, what it brought, or why it failed.

    Attributes:
        name: the name of its entry point; ``hitclr`` for the built-ins.
        distribution: the distribution that installs it.
        version: the version of that distribution.
        provides: the names that it registered, by kind.
        error: why it is not in use; empty where it is.
    """

    name: str
    distribution: str
    version: str
    provides: dict[str, list[str]] = field(default_factory=dict)
    error: str = ""


class Plugins:
    """All registries, filled by the plugins that are installed.

    Attributes:
        schemas: schemas by name.
        augmentations: augmentation classes by name.
        edges: makers of edge builders by name.
        encoders: makers of encoders by name.
        methods: training methods by name.
        validators: validator classes by name.
        demos: demos by name.
        detectors: detectors by name.
        infos: one entry for each plugin, the built-ins first.
    """

    def __init__(self) -> None:
        self.schemas: Registry[Schema] = Registry("schema")
        self.augmentations: Registry[type[Augmentation]] = Registry("augmentation")
        self.edges: Registry[Callable[..., EdgeBuilder]] = Registry("edge builder")
        self.encoders: Registry[Callable[..., nn.Module]] = Registry("encoder")
        self.methods: Registry[type[Method]] = Registry("method")
        self.validators: Registry[type[Validator]] = Registry("validator")
        self.demos: Registry[Demo] = Registry("demo")
        self.detectors: Registry[Detector] = Registry("detector")
        self.infos: list[PluginInfo] = []
        self._host = pluggy.PluginManager("hitclr")
        self._host.add_hookspecs(hookspecs)

    def registries(self) -> dict[str, Registry[Any]]:
        """All registries by the name of their kind, in the plural."""
        return {kind: value for kind, value in vars(self).items() if isinstance(value, Registry)}

    def add(self, module: ModuleType, info: PluginInfo) -> None:
        """Register everything that a plugin module brings.

        A plugin that breaks a rule of the host is taken out again, and ``info.error`` says why.

        Raises:
            DuplicateNameError: it registers a name that another plugin has.
        """
        self.infos.append(info)
        info.error = self._misspelt(module)
        if info.error:
            return
        try:
            self._host.register(module, info.name)
        except (pluggy.PluginValidationError, ValueError) as error:
            info.error = f"its hooks do not fit: {error}"
            return
        for kind, registry in self.registries().items():
            hook = f"register_{kind}"
            for implementation in getattr(self._host.hook, hook).get_hookimpls():
                if implementation.plugin is not module:
                    continue
                registrar = Registrar(registry, info.name)
                try:
                    implementation.function(*[registrar for _ in implementation.argnames])
                except DuplicateNameError:
                    raise
                except (Exception, SystemExit) as error:  # noqa: BLE001 - anything may go wrong in a plugin
                    self._remove(module, info)
                    info.error = f"its hook {hook} failed: {type(error).__name__}: {error}"
                    return
            names = sorted(entry.name for entry in registry if entry.owner == info.name)
            if names:
                info.provides[kind] = names

    def _remove(self, module: ModuleType, info: PluginInfo) -> None:
        self._host.unregister(module)
        info.provides.clear()
        for registry in self.registries().values():
            registry.remove_owner(info.name)

    def _misspelt(self, module: ModuleType) -> str:
        known = list(hookspecs.__all__)
        for name in dir(module):
            marked = self._host.parse_hookimpl_opts(module, name)
            if marked is not None and (marked.get("specname") or name) not in known:
                return f"{name} is not a hook of hitclr. {did_you_mean(name, known)}"
        return ""


def load_plugins(disabled: Iterable[str] = ()) -> Plugins:
    """Load the built-ins and every installed plugin.

    A plugin that fails is noted in ``infos`` with its error; the others go on.

    Args:
        disabled: plugins to leave out, besides those in ``HITCLR_DISABLE_PLUGINS``.

    Raises:
        DuplicateNameError: two plugins register one name.
    """
    off = {*disabled, *os.environ.get(DISABLE_VARIABLE, "").replace(" ", "").split(",")} - {""}
    plugins = Plugins()
    plugins.add(builtin, PluginInfo(_BUILTIN, "hitclr", hitclr.__version__))
    for distribution, point in _entry_points():
        name = distribution.metadata["Name"]
        info = PluginInfo(point.name, name, distribution.version)
        if point.name in off:
            info.error = f"left out: disabled by {DISABLE_VARIABLE} or an option"
            plugins.infos.append(info)
            continue
        try:
            module = point.load()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - anything may go wrong in a plugin
            cause = f"{type(error).__name__}: {error}"
            info.error = f"{point.value} cannot be imported: {cause}"
            plugins.infos.append(info)
            continue
        plugins.add(module, info)
    return plugins


def _entry_points() -> list[tuple[Distribution, EntryPoint]]:
    found: dict[tuple[str, str], tuple[Distribution, EntryPoint]] = {}
    for distribution in distributions():
        for point in distribution.entry_points:
            if point.group == GROUP:
                # A distribution may be seen twice on the path; the first one is imported.
                found.setdefault((distribution.metadata["Name"], point.name), (distribution, point))
    return [found[key] for key in sorted(found)]
