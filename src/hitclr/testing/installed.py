"""What is to be said of a plugin as a whole: that it is there, in use, and complete."""

from __future__ import annotations

from dataclasses import dataclass

from hitclr.errors import did_you_mean
from hitclr.plugins import Plugins
from hitclr.testing.check import Check

__all__ = ["PLUGIN_CHECKS", "InstalledPlugin"]


@dataclass(frozen=True, eq=False)
class InstalledPlugin:
    """A plugin by name, as it was found.

    Attributes:
        name: the name of its entry point.
        plugins: the registries.
        fault: why there are none, in words; empty where there are.
    """

    name: str
    plugins: Plugins
    fault: str = ""


def _is_in_use(plugin: InstalledPlugin) -> str | None:
    """It is installed, and hitclr can load it.

    hitclr names a plugin that fails and goes on without it.
    """
    if plugin.fault:
        return plugin.fault
    known = [info.name for info in plugin.plugins.infos]
    if plugin.name not in known:
        return (
            f"no installed distribution has an entry point {plugin.name!r} in the group hitclr. "
            f"{did_you_mean(plugin.name, known)}\n"
            f"  what to do: pip install -e . in its repository"
        )
    errors = [i.error for i in plugin.plugins.infos if i.name == plugin.name and i.error]
    return errors[0] if errors else None


def _registers_something(plugin: InstalledPlugin) -> str | None:
    """It registers at least one thing.

    A hook that is not marked with hitclr.hookimpl is not called, and nothing says so.
    """
    infos = [info for info in plugin.plugins.infos if info.name == plugin.name and not info.error]
    if not infos or infos[0].provides:
        return None
    return "expected a function such as register_augmentations, marked with hitclr.hookimpl"


def _registers_its_detectors_schemas(plugin: InstalledPlugin) -> str | None:
    """The schema of each of its detectors is registered, under its own name.

    The settings of a training on simulated files name it.
    """
    for entry in plugin.plugins.detectors:
        schema = entry.value.schema
        names = [s.name for s in plugin.plugins.schemas if s.value is schema]
        if entry.owner == plugin.name and schema.name not in names:
            return (
                f"the detector {entry.name!r} has the schema {schema.name!r}, which is registered "
                f"{'as ' + ', '.join(names) if names else 'nowhere'}: add it in register_schemas"
            )
    return None


PLUGIN_CHECKS: tuple[Check, ...] = tuple(
    Check(find_fault)
    for find_fault in (_is_in_use, _registers_something, _registers_its_detectors_schemas)
)
"""The clauses, in the order in which a broken one is easiest to understand."""
