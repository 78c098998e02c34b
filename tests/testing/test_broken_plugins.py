"""Broken parts of plugins are caught by the kit, with a message that names the fault."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from hitclr.plugins import PluginInfo, Plugins
from hitclr.testing.kit import CHECKS, Kit

BROKEN = Path(__file__).parents[1] / "plugins" / "broken"
CASES = {
    "global_randomness": (
        "augmentation",
        "wobble",
        "uses_only_the_generator",
        ["Wobble", "All randomness comes from the generator", "untouched, changed: torch"],
    ),
    "empties_events": (
        "augmentation",
        "cut",
        "keeps_a_hit",
        ["Cut", "At least one hit is left", "events of at most 1 hits", "without a hit"],
    ),
    "deaf_detector": (
        "detector",
        "deaf",
        "each_parameter_changes_hits",
        ["Deaf 'deaf'", "parameter 'gain'", "are the same at 0.9, 1 and 1.1"],
    ),
    "mixing_encoder": (
        "encoder",
        "mixing",
        "treats_events_alone",
        ["mixing", "alone as in a batch", "event ", "of 1 hits", "expected", "got"],
    ),
}


def load(name):
    """The registries with what a file of the folder registers."""
    spec = importlib.util.spec_from_file_location(f"broken_{name}", BROKEN / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    plugins = Plugins()
    info = PluginInfo(name, "dist", "1")
    plugins.add(module, info)
    assert info.error == ""
    return plugins


@pytest.mark.parametrize("name", CASES)
def test_the_fault_is_found_and_named(name):
    kind, thing, clause, words = CASES[name]
    kit = Kit(load(name), name, lambda kind, name: None)
    assert (kind, thing) in list(kit.registered())
    made = kit.prepare(kind, thing)
    faults = {}
    for check in CHECKS[kind]:
        try:
            check(*made)
        except AssertionError as error:
            faults[check.name] = str(error)
    assert next(iter(faults)) == clause
    if kind != "augmentation":  # there one fault breaks several clauses
        assert list(faults) == [clause]
    for word in words:
        assert word in faults[clause]


def test_every_file_of_the_folder_is_tried():
    """Here, or by what loads plugins (``tests/plugins/test_broken.py``)."""
    elsewhere = (BROKEN.parent / "test_broken.py").read_text(encoding="utf-8")
    left = {path.stem for path in BROKEN.glob("*.py")} - set(CASES)
    assert not [name for name in left if name not in elsewhere]
    assert set(CASES) <= {path.stem for path in BROKEN.glob("*.py")}
