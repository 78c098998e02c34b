"""Finding plugins: a broken one is named and the others go on; one name has one owner.

The plugins here are real distributions, written into a folder on the path.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hitclr.errors import DuplicateNameError, UnknownNameError
from hitclr.plugins import PluginInfo, Plugins, load_plugins, manager

GOOD = """
import hitclr

@hitclr.hookimpl
def register_encoders(registrar):
    registrar.add("{encoder}", lambda in_channels: None)
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Install a distribution with one plugin module; nothing else that is installed is seen."""
    monkeypatch.syspath_prepend(str(tmp_path))
    everything = manager.distributions

    def ours():
        return [d for d in everything() if str(d.locate_file("")).startswith(str(tmp_path))]

    monkeypatch.setattr(manager, "distributions", ours)
    before = set(sys.modules)

    def install(name: str, code: str) -> None:
        (tmp_path / f"{name}_plugin.py").write_text(code)
        info = tmp_path / f"{name}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: dist-{name}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[hitclr]\n{name} = {name}_plugin\n")

    yield install
    for module in set(sys.modules) - before:
        if module.endswith("_plugin"):
            del sys.modules[module]


def info_of(plugins: Plugins, name: str) -> PluginInfo:
    (info,) = [info for info in plugins.infos if info.name == name]
    return info


def test_builtins_come_through_the_hooks(install):
    plugins = load_plugins()
    (builtin,) = plugins.infos
    assert (builtin.name, builtin.distribution, builtin.error) == ("hitclr", "hitclr", "")
    assert {"classifier", "contrastive", "dann"} <= set(builtin.provides["methods"])
    assert "snd" in builtin.provides["validators"]
    assert "graph-convnext" in builtin.provides["encoders"]
    assert {entry.owner for entry in plugins.augmentations} == {"hitclr"}


def test_an_outside_plugin(install):
    install("good", GOOD.format(encoder="mine"))
    plugins = load_plugins()
    info = info_of(plugins, "good")
    assert info.provides == {"encoders": ["mine"]}
    assert (info.distribution, info.version) == ("dist-good", "1.2")
    assert "mine" in plugins.encoders


@pytest.mark.parametrize(
    ("code", "parts"),
    [
        ("import no_such_module_here", ["cannot be imported", "no_such_module_here"]),
        ("raise RuntimeError('out of order')", ["cannot be imported", "out of order"]),
        ("raise SystemExit('bye')", ["cannot be imported", "bye"]),
        (
            (
                "import hitclr\n@hitclr.hookimpl\ndef register_encoders(registrar):\n"
                "    registrar.add('half', print)\n    registrar.add('half', print)"
            ),
            ["register_encoders", "'half' twice"],
        ),
        (
            "import hitclr\n@hitclr.hookimpl\ndef register_encoder(registrar): pass",
            ["register_encoder is not a hook", "Did you mean register_encoders"],
        ),
        (
            "import hitclr\n@hitclr.hookimpl\ndef register_encoders(registrar, extra): pass",
            ["do not fit", "extra"],
        ),
        (
            (
                "import hitclr\n@hitclr.hookimpl\ndef register_encoders(registrar):\n"
                "    registrar.add('half', print)\n    raise KeyError('detector')"
            ),
            ["register_encoders", "KeyError", "detector"],
        ),
        (
            (
                "import hitclr\n@hitclr.hookimpl\ndef register_encoders(registrar):\n"
                "    registrar.add('two words', print)"
            ),
            ["two words", "cannot be the name"],
        ),
    ],
)
def test_a_broken_plugin_is_named_and_the_others_go_on(install, code, parts):
    install("broken", code)
    install("good", GOOD.format(encoder="mine"))
    plugins = load_plugins()
    error = info_of(plugins, "broken").error
    for part in parts:
        assert part in error
    assert info_of(plugins, "broken").provides == {}
    assert "half" not in plugins.encoders
    assert "mine" in plugins.encoders
    assert "graph-convnext" in plugins.encoders


@pytest.mark.parametrize("name", ["graph-convnext", "same"])
def test_one_name_two_owners(install, monkeypatch, name):
    install("first", GOOD.format(encoder="same"))
    install("second", GOOD.format(encoder=name))
    owner = "first" if name == "same" else "hitclr"
    with pytest.raises(DuplicateNameError) as caught:
        load_plugins()
    for part in (f"'{owner}'", "'second'", f"encoder '{name}'", "HITCLR_DISABLE_PLUGINS"):
        assert part in str(caught.value)
    monkeypatch.setenv("HITCLR_DISABLE_PLUGINS", "second")
    plugins = load_plugins()
    assert "disabled" in info_of(plugins, "second").error
    assert "same" in plugins.encoders


def test_an_unknown_name_gets_the_nearest(install):
    with pytest.raises(UnknownNameError, match=r"method .*'contrastiv'.*Did you mean contrastive"):
        load_plugins().methods.get("contrastiv")
