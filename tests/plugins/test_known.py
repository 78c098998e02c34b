"""The list of this project's plugins is that of the packages, which keep to their names."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from hitclr.plugins import PluginInfo, Plugins
from hitclr.plugins.known import KNOWN_PLUGINS, known_plugin

FOLDER = Path(__file__).parents[2] / "plugins"
PROJECTS = sorted(path.parent for path in FOLDER.glob("*/pyproject.toml"))


def declared(project):
    """The distribution, its plugin and the module of that."""
    text = (project / "pyproject.toml").read_text()
    (name,) = re.findall(r'^name = "(.+)"$', text, re.MULTILINE)
    ((plugin, module),) = re.findall(
        r'^\[project\.entry-points\.hitclr\]\n(\w+) = "(.+)"$', text, re.MULTILINE
    )
    return name, plugin, module


def test_all_packages_are_known():
    assert {plugin: name for name, plugin, _ in map(declared, PROJECTS)} == dict(KNOWN_PLUGINS)


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.name)
def test_all_that_a_package_registers_is_known_to_be_of_it(project, monkeypatch):
    name, plugin, module = declared(project)
    monkeypatch.syspath_prepend(project / "src")
    plugins = Plugins()
    info = PluginInfo(plugin, name, "0")
    plugins.add(importlib.import_module(module), info)
    assert info.error == ""
    brought = [one for kind, names in info.provides.items() if kind != "hooks" for one in names]
    assert brought
    assert {known_plugin(one) for one in brought} == {plugin}
