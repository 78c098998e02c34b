"""The specification, the plugin guide, and the calls of the hooks agree."""

from __future__ import annotations

import inspect
import re
import types
from pathlib import Path

import pytest

import hitclr
from hitclr.plugins import PluginInfo, Plugins, hookspecs

ROOT = Path(__file__).parents[2]
HOOKS = list(hookspecs.__all__)
REGISTERING = [name for name in HOOKS if name.startswith("register_")]
OBSERVING = [name for name in HOOKS if name not in REGISTERING]
GUIDE = (ROOT / "docs" / "plugins.md").read_text()


def arguments(function):
    return list(inspect.signature(function).parameters)


def test_all_hooks_are_listed():
    marked = [n for n in vars(hookspecs) if hasattr(getattr(hookspecs, n), "hitclr_spec")]
    assert sorted(marked) == sorted(HOOKS)


@pytest.mark.parametrize("hook", HOOKS)
def test_hook_is_documented(hook):
    assert len((inspect.getdoc(getattr(hookspecs, hook)) or "").split()) >= 5
    assert f"\n### `{hook}`\n" in GUIDE


def test_the_guide_has_no_other_hooks():
    headings = re.findall(r"\n### `(\w+)`\n", GUIDE)
    assert sorted(headings) == sorted(HOOKS)


@pytest.mark.parametrize("hook", OBSERVING)
def test_the_guide_says_when_a_hook_is_called_and_with_what(hook):
    spec = getattr(hookspecs, hook)
    given = ", ".join(arguments(spec))
    rows = [line for line in GUIDE.splitlines() if line.startswith(f"| `{hook}({given})` |")]
    assert len(rows) == 1
    for name in arguments(spec):
        assert f"        {name}: " in spec.__doc__, "the specification tells of each argument"


@pytest.mark.parametrize("hook", REGISTERING)
def test_hook_fills_its_registry(hook):
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
    (entry,) = plugins.registries()[kind]
    assert str(entry) == "'made-up' (dist 1)"


def test_every_registry_has_its_hook():
    assert sorted(f"register_{kind}" for kind in Plugins().registries()) == sorted(REGISTERING)


def test_the_recorder_has_every_hook_with_all_arguments():
    """So the test of a run with it sees each hook called, with what the specification says."""
    import importlib.util

    spec = importlib.util.spec_from_file_location("recorder", Path(__file__).parent / "recorder.py")
    recorder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(recorder)
    for hook in HOOKS:
        assert arguments(getattr(recorder, hook)) == arguments(getattr(hookspecs, hook))
