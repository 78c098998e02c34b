"""Broken plugins, installed as distributions: each is caught, and the message names the fault."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hitclr.cli.app import app
from hitclr.errors import DuplicateNameError
from hitclr.plugins import list_plugins, load_plugins

BROKEN = Path(__file__).parent / "broken"
FINE = """
import hitclr

@hitclr.hookimpl
def register_encoders(registrar):
    registrar.add("fine", print)
"""
FAULTS = {
    "import_error": [
        "plugin 'import_error' (dist-import_error 1.2)",
        "cannot be imported from dist_import_error_plugin",
        "ModuleNotFoundError",
        "detector_toolbox_that_is_not_there",
    ],
    "misspelt_hook": [
        "plugin 'misspelt_hook' (dist-misspelt_hook 1.2)",
        "hook register_augmentation: hitclr has no such hook",
        "Did you mean register_augmentations",
    ],
    "duplicate_name": [
        "two plugins register the encoder 'pointnet'",
        "'hitclr' (hitclr ",
        "'duplicate_name' (dist-duplicate_name 1.2)",
        "--no-plugin duplicate_name",
        "HITCLR_DISABLE_PLUGINS=duplicate_name",
    ],
    "wrong_signature": [
        "plugin 'wrong_signature' (dist-wrong_signature 1.2)",
        "hook after_training",
        "asks for 'model'",
        "after_training(settings, run)",
    ],
}


@pytest.fixture
def broken(install):
    def one(name):
        install(name, (BROKEN / f"{name}.py").read_text())

    return one


@pytest.mark.parametrize("name", FAULTS)
def test_the_fault_is_named_and_nothing_of_the_plugin_is_left(install, broken, name):
    broken(name)
    install("fine", FINE)
    errors = {info.name: info.error for info in list_plugins()}
    assert [name for name, error in errors.items() if error] == [name]
    for part in FAULTS[name]:
        assert part in errors[name]
    if name == "duplicate_name":
        with pytest.raises(DuplicateNameError) as caught:
            load_plugins()
        assert str(caught.value) == errors[name]
        plugins = load_plugins(["duplicate_name"])
    else:
        plugins = load_plugins()
    assert "fine" in plugins.encoders
    assert {entry.owner for entry in plugins.encoders} == {"hitclr", "fine"}
    plugins.tell("after_training", settings=None, run=None)


def test_hitclr_plugins_shows_all_of_them_and_fails(install, broken):
    for name in FAULTS:
        broken(name)
    install("fine", FINE)
    shown = CliRunner().invoke(app, ["plugins"])
    assert shown.exit_code == 1
    text = " ".join(shown.output.split())
    for parts in FAULTS.values():
        for part in parts:
            assert part in text
    assert text.count("Failed:") == 4
    assert "until then: hitclr --no-plugin import_error ..." in text
    listed = CliRunner().invoke(app, ["plugins", "--json"])
    assert listed.exit_code == 1
    assert {one["name"] for one in json.loads(listed.output) if one["error"]} == set(FAULTS)


def test_without_the_broken_ones_all_is_well(install, broken):
    for name in FAULTS:
        broken(name)
    install("fine", FINE)
    options = [part for name in FAULTS for part in ("--no-plugin", name)]
    shown = CliRunner().invoke(app, [*options, "plugins"])
    assert shown.exit_code == 0, shown.output
    assert shown.output.count("disabled") == 4
    assert "Failed" not in shown.output
    assert CliRunner().invoke(app, ["plugins"]).exit_code == 1, "the option is for one command"
