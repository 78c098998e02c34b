"""``hitclr plugins`` and ``--no-plugin``, in this process."""

from __future__ import annotations

import json
import os

import pytest
from typer.testing import CliRunner

from hitclr.cli.app import app
from hitclr.errors import PluginError, UnknownNameError
from hitclr.io import load_schema
from hitclr.plugins import PluginInfo, manager

NOWHERE = "HITCLR_DISABLE_PLUGINS"


@pytest.fixture(autouse=True)
def _nothing_else_is_installed(monkeypatch):
    monkeypatch.setattr(manager, "distributions", lambda: iter(()))
    monkeypatch.delenv(NOWHERE, raising=False)


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_the_list_tells_what_hitclr_brings():
    shown = run("plugins")
    assert shown.exit_code == 0
    text = " ".join(shown.output.split())
    assert "hitclr hitclr 0.1.0 augmentations charge-scale," in text
    assert "metrics AUC, accuracy, balanced-accuracy, largest-class" in text
    (listed,) = json.loads(run("plugins", "--json").output)
    assert set(listed) == set(PluginInfo("", "", "").__dict__)
    assert listed["provides"]["edges"] == ["knn", "radius"]


def test_one_thing_with_its_options():
    shown = run("plugins", "charge-scale")
    assert shown.exit_code == 0, shown.exception
    assert shown.output.startswith("charge-scale: augmentation of hitclr 0.1.0\n\n")
    scale = "{distribution: normal, mean: 1.0, deviation: 0.1, minimum: 0.0}"
    assert shown.output.endswith(
        "Options in a settings file, with their defaults:\n"
        f"  scale: {scale}\n  feature: charge\n  probability: 1.0\n"
    )
    assert "  threshold: (required)\n" in run("plugins", "charge-threshold").output
    assert "It has no options.\n" in run("plugins", "entropy").output
    options = run("plugins", "dann").output.split("defaults:\n")[1]
    first, *_, last = options.splitlines()
    assert (first, last) == ("  label_smoothing: 0.0", "  ramp: true"), "the encoder is none"
    encoder = run("plugins", "pointnet").output.split("defaults:\n")[1]
    assert encoder.startswith("  size: small\n"), "what comes before is no option"
    failed = run("plugins", "rotate")
    assert isinstance(failed.exception, UnknownNameError)
    assert "nothing is registered as 'rotate'. Did you mean rotation" in str(failed.exception)


def test_all_that_has_a_name_is_described(cells, cells_schema, monkeypatch):
    known = manager.load_plugins()
    known.detectors.add("cells", cells, "test")
    known.schemas.add("cells", load_schema(cells_schema), "test")
    monkeypatch.setattr("hitclr.plugins.load_plugins", lambda: known)
    for registry in known.registries().values():
        for entry in registry:
            shown = run("plugins", entry.name)
            assert shown.exit_code == 0, (entry.name, shown.exception)
            assert f"{entry.name}: {registry.kind} of " in shown.output
    both = run("plugins", "cells").output
    for parameter in cells.parameters:
        assert f"  {parameter.name}: {parameter.nominal:g}" in both
    assert "cells: schema of test\n" in both


def test_what_is_left_out_must_be_known():
    assert run("--no-plugin", "km3net", "plugins").exit_code == 0
    failed = run("--no-plugin", "km4net", "plugins")
    assert isinstance(failed.exception, PluginError)
    assert "a plugin 'km4net' is to be left out" in str(failed.exception)
    assert "Installed: none." in str(failed.exception)


@pytest.mark.parametrize("before", [None, "cube"])
def test_the_option_is_for_one_command_and_the_processes_that_it_starts(monkeypatch, before):
    if before is not None:
        monkeypatch.setenv(NOWHERE, before)
    seen = []

    def listing():
        seen.append(os.environ.get(NOWHERE))
        return []

    monkeypatch.setattr("hitclr.plugins.list_plugins", listing)
    run("--no-plugin", "km3net", "--no-plugin", "lartpc", "plugins")
    run("plugins")
    assert seen == ["cube,km3net,lartpc" if before else "km3net,lartpc", before]
