"""Finding plugins: a broken one is named and the others go on; one name has one owner.

The plugins here are real distributions, written into a folder on the path.
"""

from __future__ import annotations

import pytest

from hitclr.errors import DuplicateNameError, PluginError, UnknownNameError
from hitclr.plugins import PluginInfo, Plugins, hookspecs, load_plugins

GOOD = """
import hitclr

@hitclr.hookimpl
def register_encoders(registrar):
    registrar.add("{encoder}", lambda in_channels: None)
"""


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
            "import hitclr\n@hitclr.hookimpl\ndef register_encoders(*, registrar): pass",
            ["hook register_encoders", "'registrar'", "write it as register_encoders(registrar)"],
        ),
        (
            "def register_encoders(registrar): pass",
            ["hook register_encoders", "not marked with @hitclr.hookimpl"],
        ),
        (
            "import hitclr\n@hitclr.hookimpl(wrapper=True)\ndef after_study(folder): yield",
            ["hook after_study", "not wrapped"],
        ),
        (
            (
                "import hitclr\n@hitclr.hookimpl\ndef register_encoders(registrar):\n"
                "    registrar.add('half', print)\n    raise KeyError('detector')"
            ),
            ["hook register_encoders: KeyError: 'detector'"],
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
    for part in ("plugin 'broken' (dist-broken 1.2)", *parts):
        assert part in error
    assert info_of(plugins, "broken").provides == {}
    assert "half" not in plugins.encoders
    assert "mine" in plugins.encoders
    assert "graph-convnext" in plugins.encoders


def test_what_a_hook_does_not_need_it_may_leave_out(install):
    code = """
import hitclr
SEEN = []

@hitclr.hookimpl
def after_loading(step, split):
    SEEN.append((split, step))

@hitclr.hookimpl(specname="after_study")
def another_name(folder, own="default", *more, **others):
    SEEN.append(folder)

@hitclr.hookimpl
def register_encoders():
    SEEN.append("asked")
"""
    install("frugal", code)
    plugins = load_plugins()
    assert info_of(plugins, "frugal").error == ""
    assert info_of(plugins, "frugal").provides == {"hooks": ["after_loading", "after_study"]}
    plugins.tell("after_loading", views=[], split="train", epoch=3, step=4)
    plugins.tell("after_study", folder="here")
    import dist_frugal_plugin

    assert dist_frugal_plugin.SEEN == ["asked", ("train", 4), "here"]


@pytest.mark.parametrize("name", ["graph-convnext", "same"])
def test_one_name_two_owners(install, monkeypatch, name):
    install("first", GOOD.format(encoder="same"))
    install("second", GOOD.format(encoder=name))
    owner = "'first' (dist-first 1.2)" if name == "same" else "'hitclr' (hitclr "
    with pytest.raises(DuplicateNameError) as caught:
        load_plugins()
    for part in (owner, "'second' (dist-second 1.2)", f"encoder {name!r}", "--no-plugin second"):
        assert part in str(caught.value)
    monkeypatch.setenv("HITCLR_DISABLE_PLUGINS", "second")
    plugins = load_plugins()
    info = info_of(plugins, "second")
    assert info.disabled
    assert "disabled" in info.error
    assert plugins.disabled == ("second",)
    assert "same" in plugins.encoders


def test_two_plugins_of_one_name(install):
    install("same", GOOD.format(encoder="one"), "dist-a")
    install("same", GOOD.format(encoder="two"), "dist-b")
    with pytest.raises(
        DuplicateNameError, match=r"called 'same': one of dist-a 1\.2, one of dist-b"
    ):
        load_plugins()


def test_what_is_left_out_must_be_known(install, monkeypatch):
    install("good", GOOD.format(encoder="mine"))
    with pytest.raises(PluginError, match=r"'god'.*Did you mean good\?.*Installed: good\."):
        load_plugins(["god"])
    with pytest.raises(PluginError, match="'hitclr' cannot be left out"):
        load_plugins(["hitclr"])
    monkeypatch.setenv("HITCLR_DISABLE_PLUGINS", "km3net, good,")
    plugins = load_plugins()
    assert "mine" not in plugins.encoders
    assert plugins.disabled == ("good", "km3net")


VERSIONS = {
    "older": (3, "HITCLR_HOOKS = 2", ["version 2", "has version 3", "a newer dist-other"]),
    "newer": (1, "HITCLR_HOOKS = 2", ["version 2", "has version 1", "a newer hitclr"]),
    "silent": (2, "", ["version 1", "does not say which", "has version 2", "newer dist-other"]),
    "text": (1, "HITCLR_HOOKS = '1'", ["expected HITCLR_HOOKS to be a number, got '1'"]),
    "true": (1, "HITCLR_HOOKS = True", ["expected HITCLR_HOOKS to be a number, got True"]),
}


@pytest.mark.parametrize("case", VERSIONS)
def test_a_plugin_for_other_hooks_is_refused(install, monkeypatch, case):
    ours, line, parts = VERSIONS[case]
    monkeypatch.setattr(hookspecs, "HOOK_VERSION", ours)
    monkeypatch.setattr("hitclr.plugins.builtin.HITCLR_HOOKS", ours)
    install("other", GOOD.format(encoder="mine") + line)
    install("right", GOOD.format(encoder="right") + f"HITCLR_HOOKS = {ours}")
    plugins = load_plugins()
    error = info_of(plugins, "other").error
    for part in ("plugin 'other' (dist-other 1.2)", *parts):
        assert part in error
    assert "mine" not in plugins.encoders
    assert "right" in plugins.encoders


def test_an_observer_that_fails_or_returns_is_an_error(install):
    code = """
import hitclr

@hitclr.hookimpl
def after_study(folder):
    return {answer}
"""
    install("loud", code.format(answer="1 / 0"))
    with pytest.raises(PluginError) as caught:
        load_plugins().tell("after_study", folder="here")
    for part in (
        "plugin 'loud' (dist-loud 1.2), hook after_study: ZeroDivisionError: division by zero",
        "hitclr --no-plugin loud",
    ):
        assert part in str(caught.value)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    install("returns", code.format(answer="[folder]"))
    with pytest.raises(PluginError, match=r"'returns'.*hook after_study.*returned a list"):
        load_plugins(["loud"]).tell("after_study", folder="here")
    install("exits", code.format(answer="exit(3)"))
    with pytest.raises(PluginError, match=r"'exits'.*hook after_study: SystemExit: 3"):
        load_plugins(["loud", "returns"]).tell("after_study", folder="here")


def test_a_plugin_that_was_taken_out_is_told_nothing(install):
    code = """
import hitclr

@hitclr.hookimpl
def register_encoders(registrar):
    raise KeyError("detector")

@hitclr.hookimpl
def after_study(folder):
    raise ValueError("told")
"""
    install("half", code)
    plugins = load_plugins()
    assert "KeyError" in info_of(plugins, "half").error
    plugins.tell("after_study", folder="here")


def test_an_unknown_name_gets_the_nearest(install):
    with pytest.raises(UnknownNameError, match=r"method .*'contrastiv'.*Did you mean contrastive"):
        load_plugins().methods.get("contrastiv")


def test_an_unknown_name_of_a_plugin_that_is_not_in_use(install):
    plugins = load_plugins()
    with pytest.raises(UnknownNameError, match=r"'km3net-noise'.*pip install hitclr-km3net"):
        plugins.augmentations.get("km3net-noise")
    with pytest.raises(UnknownNameError, match=r"'lartpc'.*pip install hitclr-lartpc"):
        plugins.detectors.get("lartpc")
    with pytest.raises(UnknownNameError, match="Did you mean charge-smear") as caught:
        plugins.augmentations.get("charge-smeer")
    assert "pip" not in str(caught.value)
    install("cube", GOOD.format(encoder="cube-net"), "hitclr-cube")
    with pytest.raises(UnknownNameError, match=r"'cube-nets'.*Did you mean cube-net\?") as caught:
        load_plugins().encoders.get("cube-nets")
    assert "pip" not in str(caught.value)
    with pytest.raises(UnknownNameError, match=r"'cube' \(hitclr-cube 1\.2\).*was left out"):
        load_plugins(["cube"]).encoders.get("cube-net")
    install("lartpc", "import no_such_module_here", "hitclr-lartpc")
    with pytest.raises(UnknownNameError, match=r"'lartpc' \(hitclr-lartpc 1\.2\).*failed"):
        load_plugins().detectors.get("lartpc")
    with pytest.raises(UnknownNameError, match=r"may be of what failed: plugin 'lartpc'"):
        load_plugins().detectors.get("mine")
