"""Each hook has a docstring, a heading in the plugin guide, a registry, and a test."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from hitclr.plugins import PluginInfo, Plugins, hookspecs

ROOT = Path(__file__).parents[2]
HOOKS = list(hookspecs.__all__)


def test_all_hooks_are_listed():
    marked = [n for n in vars(hookspecs) if hasattr(getattr(hookspecs, n), "hitclr_spec")]
    assert sorted(marked) == sorted(HOOKS)


@pytest.mark.parametrize("hook", HOOKS)
def test_hook_is_documented(hook):
    assert len((inspect.getdoc(getattr(hookspecs, hook)) or "").split()) >= 5
    guide = (ROOT / "docs" / "plugins.md").read_text()
    assert f"\n### `{hook}`\n" in guide


@pytest.mark.parametrize("hook", HOOKS)
def test_hook_fills_its_registry(hook):
    import types

    import hitclr

    module = types.ModuleType("made_up")
    thing = object()

    def implementation(registrar):
        registrar.add("made-up", thing)

    implementation.__name__ = hook
    setattr(module, hook, hitclr.hookimpl(implementation))
    plugins = Plugins()
    info = PluginInfo("made-up", "dist", "1")
    plugins.add(module, info)
    kind = hook.removeprefix("register_")
    assert info.error == ""
    assert info.provides == {kind: ["made-up"]}
    assert plugins.registries()[kind].get("made-up") is thing
