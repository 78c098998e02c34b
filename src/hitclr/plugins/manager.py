"""Finding plugins, asking them what they bring, and keeping a broken one from taking down the rest.

pluggy's own loading stops at the first plugin that fails to import; here each entry point is loaded
by itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from importlib.metadata import Distribution, EntryPoint, distributions
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pluggy

import hitclr
from hitclr.errors import DuplicateNameError, PluginError, did_you_mean
from hitclr.plugins import builtin, hookspecs
from hitclr.plugins.faults import faults_of, how_to_leave_out
from hitclr.plugins.info import PluginInfo
from hitclr.plugins.inspection import inspect_module
from hitclr.plugins.known import KNOWN_PLUGINS, known_plugin
from hitclr.plugins.registry import Registrar, Registry

if TYPE_CHECKING:
    from torch import nn

    from hitclr.augment import Augmentation
    from hitclr.demo import Demo
    from hitclr.detectors import Detector
    from hitclr.graphs import EdgeBuilder
    from hitclr.io import Schema
    from hitclr.methods import Method
    from hitclr.reports.section import ReportSection
    from hitclr.studies import Metric
    from hitclr.studies.validators import Validator

__all__ = ["DISABLE_VARIABLE", "GROUP", "Plugins", "list_plugins", "load_plugins"]

GROUP = "hitclr"
"""The entry-point group of plugins."""

DISABLE_VARIABLE = "HITCLR_DISABLE_PLUGINS"
"""The environment variable with the names of plugins to leave out, separated by commas."""

_BUILTIN = "hitclr"


class Plugins:
    """All registries, filled by the plugins that are installed.

    Attributes:
        schemas: schemas by name.
        schema_makers: functions that make schemas, by name.
        augmentations: augmentation classes by name.
        edges: makers of edge builders by name.
        encoders: makers of encoders by name.
        methods: training methods by name.
        validators: validator classes by name.
        demos: demos by name.
        detectors: detectors by name.
        metrics: metrics by name, hitclr's own first.
        report_sections: sections of reports by name.
        infos: one entry for each plugin, the built-ins first.
        disabled: the names of the plugins that were to be left out.
    """

    def __init__(self) -> None:
        where = self._where
        self.schemas: Registry[Schema] = Registry("schema", where)
        self.schema_makers: Registry[Callable[..., Schema]] = Registry("schema maker", where)
        self.augmentations: Registry[type[Augmentation]] = Registry("augmentation", where)
        self.edges: Registry[Callable[..., EdgeBuilder]] = Registry("edge builder", where)
        self.encoders: Registry[Callable[..., nn.Module]] = Registry("encoder", where)
        self.methods: Registry[type[Method]] = Registry("method", where)
        self.validators: Registry[type[Validator]] = Registry("validator", where)
        self.demos: Registry[Demo] = Registry("demo", where)
        self.detectors: Registry[Detector] = Registry("detector", where)
        self.metrics: Registry[Metric] = Registry("metric", where)
        self.report_sections: Registry[ReportSection] = Registry("report section", where)
        self.infos: list[PluginInfo] = []
        self.disabled: tuple[str, ...] = ()
        self._host = pluggy.PluginManager("hitclr")
        self._host.add_hookspecs(hookspecs)

    def registries(self) -> dict[str, Registry[Any]]:
        """All registries by the name of their kind, in the plural."""
        return {kind: value for kind, value in vars(self).items() if isinstance(value, Registry)}

    def add(self, module: ModuleType, info: PluginInfo) -> None:
        """Register everything that a plugin module brings.

        A plugin that breaks a rule of the host is taken out again, and ``info.error`` says why.

        Raises:
            DuplicateNameError: another plugin is called so, or has a name that this one registers;
                this one is taken out.
        """
        same = [other for other in self.infos if other.name == info.name]
        self.infos.append(info)
        try:
            if same:
                message = (
                    f"two plugins are called {info.name!r}: one of {same[0].source}, one of "
                    f"{info.source}\n  what to do: uninstall one of them"
                )
                raise DuplicateNameError(message)
            self._add(module, info)
        except PluginError as error:
            info.error = str(error)
            if isinstance(error, DuplicateNameError):
                raise

    def _add(self, module: ModuleType, info: PluginInfo) -> None:
        inspect_module(module, info, self._host)
        with faults_of(info.title):
            self._host.register(module, info.name)
        try:
            for kind, registry in self.registries().items():
                self._ask(module, info, kind, registry)
        except PluginError:
            self._host.unregister(module)
            info.provides.clear()
            for registry in self.registries().values():
                registry.remove_owner(info.name)
            raise
        observed = [h.name for h in self._host.get_hookcallers(module) or [] if _observes(h.name)]
        if observed:
            info.provides["hooks"] = sorted(observed)

    def _ask(
        self, module: ModuleType, info: PluginInfo, kind: str, registry: Registry[Any]
    ) -> None:
        hook = f"register_{kind}"
        for implementation in getattr(self._host.hook, hook).get_hookimpls():
            if implementation.plugin is module:
                registrar = Registrar(registry, info.name, info.source)
                with faults_of(f"{info.title}, hook {hook}"):
                    implementation.function(*[registrar for _ in implementation.argnames])
        names = sorted(entry.name for entry in registry if entry.owner == info.name)
        if names:
            info.provides[kind] = names

    def tell(self, hook: str, **given: Any) -> None:
        """Call a hook that observes, in each plugin that has it, in the order of ``infos``.

        Args:
            hook: its name.
            given: all its arguments.

        Raises:
            PluginError: an implementation raised, or returned something.
        """
        titles = {info.name: info.title for info in self.infos if not info.error}
        for implementation in getattr(self._host.hook, hook).get_hookimpls():
            name = implementation.plugin_name
            with faults_of(f"{titles[name]}, hook {hook}", f"without it: {how_to_leave_out(name)}"):
                answer = implementation.function(*[given[n] for n in implementation.argnames])
                if answer is not None:
                    message = (
                        f"it observes, and is to return nothing; it returned a "
                        f"{type(answer).__name__}"
                    )
                    raise PluginError(message)

    def _where(self, name: str) -> str:
        """Where a name that nobody registered may come from; empty where nothing is known."""
        known = known_plugin(name)
        broken = [info for info in self.infos if info.error and not info.disabled]
        for info in self.infos:
            if info.name == known:
                if not info.error:
                    return ""  # a name like its own
                why = "was left out" if info.disabled else "is not in use, it failed"
                return f"The {info.title}, whose names begin so, {why}."
        if known is not None:
            return (
                f"Such names are of the plugin {known!r}, which is not installed: pip install "
                f"{KNOWN_PLUGINS[known]} (in a clone of hitclr ./plugins/{KNOWN_PLUGINS[known]})."
            )
        if broken:
            failed = ", ".join(info.title for info in broken)
            return f"It may be of what failed: {failed}."
        return ""


def load_plugins(disabled: Iterable[str] = ()) -> Plugins:
    """Load the built-ins and every installed plugin.

    A plugin that fails is noted in ``infos`` with its error; the others go on.

    Args:
        disabled: plugins to leave out, besides those in ``HITCLR_DISABLE_PLUGINS``.

    Raises:
        DuplicateNameError: two plugins have one name, or register one.
        PluginError: a plugin that is to be left out is not known.
    """
    plugins, clashes = _load(disabled)
    if clashes:
        raise clashes[0]
    return plugins


def list_plugins(disabled: Iterable[str] = ()) -> list[PluginInfo]:
    """Every installed plugin, those that cannot be used included, also together with others.

    Args:
        disabled: as in `load_plugins`.

    Raises:
        PluginError: a plugin that is to be left out is not known.
    """
    return _load(disabled)[0].infos


def _load(disabled: Iterable[str]) -> tuple[Plugins, list[DuplicateNameError]]:
    off = {*disabled, *os.environ.get(DISABLE_VARIABLE, "").replace(" ", "").split(",")} - {""}
    found = _entry_points()
    _require_known(off, {point.name for _, point in found})
    plugins, clashes = Plugins(), []
    plugins.disabled = tuple(sorted(off))
    plugins.add(builtin, PluginInfo(_BUILTIN, "hitclr", hitclr.__version__))
    for distribution, point in found:
        info = PluginInfo(point.name, distribution.metadata["Name"], distribution.version)
        if point.name in off:
            info.error, info.disabled = f"{info.title}: disabled, it was to be left out", True
            plugins.infos.append(info)
            continue
        try:
            with faults_of(
                f"{info.title}, which cannot be imported from {point.value}",
                f"install what it needs, or another version of {info.distribution}",
            ):
                module = point.load()
        except PluginError as error:
            info.error = str(error)
            plugins.infos.append(info)
            continue
        try:
            plugins.add(module, info)
        except DuplicateNameError as error:
            clashes.append(error)
    return plugins, clashes


def _require_known(off: Collection[str], installed: Collection[str]) -> None:
    """Refuse to leave out what is not there: it may be misspelt, and the plugin meant in use.

    Those of this project count as known, so that one line does for machines with and without them.
    """
    for name in sorted(off):
        if name == _BUILTIN:
            message = "the plugin 'hitclr' cannot be left out: it is what hitclr itself brings"
            raise PluginError(message)
        if name not in installed and name not in KNOWN_PLUGINS:
            message = (
                f"a plugin {name!r} is to be left out (--no-plugin or {DISABLE_VARIABLE}), and "
                f"none is called so. {did_you_mean(name, sorted(installed))} Installed: "
                f"{', '.join(sorted(installed)) or 'none'}."
            )
            raise PluginError(message)


def _observes(hook: str) -> bool:
    return not hook.startswith("register_")


def _entry_points() -> list[tuple[Distribution, EntryPoint]]:
    found: dict[tuple[str, str], tuple[Distribution, EntryPoint]] = {}
    for distribution in distributions():
        for point in distribution.entry_points:
            if point.group == GROUP:
                # A distribution may be seen twice on the path; the first one is imported.
                found.setdefault((distribution.metadata["Name"], point.name), (distribution, point))
    return [found[key] for key in sorted(found)]
