"""``hitclr plugins`` and ``--no-plugin``, in this process."""

from __future__ import annotations

import json
import os

import pytest
from typer.testing import CliRunner

from hitclr.cli.app import app
from hitclr.errors import PluginError
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
