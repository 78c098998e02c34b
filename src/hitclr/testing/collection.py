"""The checks of a plugin as pytest's items, ``conformance::encoder[name]::check``."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from hitclr.errors import HitclrError
from hitclr.plugins import Plugins, load_plugins
from hitclr.testing.check import Check
from hitclr.testing.example import Example
from hitclr.testing.installed import PLUGIN_CHECKS, InstalledPlugin
from hitclr.testing.kit import CHECKS, Kit

__all__ = ["Conformance", "ConformanceItem", "Registered"]


class Conformance(pytest.Collector):
    """All checks of some plugins.

    Attributes:
        plugin_names: the names of the plugins.
    """

    plugin_names: tuple[str, ...] = ()

    def collect(self) -> Iterator[pytest.Collector]:
        """A node for each plugin, and one for each thing that it registers."""
        try:
            plugins, fault = load_plugins(), ""
        except HitclrError as error:  # two plugins have one name
            plugins, fault = Plugins(), str(error)
        for name in self.plugin_names:
            plugin = functools.partial(_installed, InstalledPlugin(name, plugins, fault))
            yield Registered.of(self, "plugin", name, PLUGIN_CHECKS, plugin)
            kit = Kit(plugins, name, self._example)
            for kind, thing in kit.registered():
                prepare = functools.partial(kit.prepare, kind, thing)
                yield Registered.of(self, kind, thing, CHECKS[kind], prepare)

    def _example(self, kind: str, name: str) -> Example | None:
        found: Example | None = self.config.hook.pytest_hitclr_example(kind=kind, name=name)
        return found


def _installed(plugin: InstalledPlugin) -> tuple[InstalledPlugin]:
    return (plugin,)


class Registered(pytest.Collector):
    """A registered thing with its checks.

    Attributes:
        checks: its checks.
        prepare: makes what they are called with.
    """

    checks: tuple[Check, ...]
    prepare: Callable[[], tuple[Any, ...]]

    @classmethod
    def of(
        cls,
        parent: pytest.Collector,
        kind: str,
        name: str,
        checks: tuple[Check, ...],
        prepare: Callable[[], tuple[Any, ...]],
    ) -> Registered:
        """The node ``kind[name]``."""
        node: Registered = cls.from_parent(parent, name=f"{kind}[{name}]")
        node.checks, node.prepare = checks, prepare
        return node

    def collect(self) -> Iterator[pytest.Item]:
        """An item for each check, after one that makes the thing."""
        if self.checks is not PLUGIN_CHECKS:
            yield ConformanceItem.of(self, "can_be_made", None)
        for check in self.checks:
            yield ConformanceItem.of(self, check.name, check)

    @functools.cached_property
    def made(self) -> tuple[Any, ...] | Exception:
        """What the checks are called with, or why it cannot be made; made when first asked for."""
        try:
            return self.prepare()
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            return error


class ConformanceItem(pytest.Item):
    """One check of one thing, or the making of it.

    Attributes:
        thing: the node of the thing.
        check: the check; None for making the thing.
    """

    thing: Registered
    check: Check | None

    @classmethod
    def of(cls, thing: Registered, name: str, check: Check | None) -> ConformanceItem:
        """The item of a check."""
        item: ConformanceItem = cls.from_parent(thing, name=name)
        item.thing, item.check = thing, check
        return item

    def runtest(self) -> None:
        """Run the check.

        Raises:
            AssertionError: the thing cannot be made, or breaks the clause.
        """
        made = self.thing.made
        if self.check is None:
            if isinstance(made, Exception):
                said = f"{type(made).__name__}: {made}"
                message = f"{self.thing.name} cannot be made: {said}"
                raise AssertionError(message) from made
            return
        if isinstance(made, Exception):
            pytest.skip(f"{self.thing.name} cannot be made")
        if self.check.gpu and not torch.cuda.is_available():
            pytest.skip("there is no GPU")
        subject, *context = made
        # What one check breaks, the next should not see.
        self.check(subject, *(one.clone() if hasattr(one, "clone") else one for one in context))

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], *more: Any, **options: Any
    ) -> Any:
        """The message of the check alone: the kit's own code is of no interest."""
        if isinstance(excinfo.value, AssertionError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, *more, **options)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where the item is from, for pytest's reports."""
        return self.path, None, self.nodeid
