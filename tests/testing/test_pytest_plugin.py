"""`pytest --hitclr-conformance` in the repository of a plugin that is installed, or is not."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import hitclr.testing.collection  # noqa: F401 - pytester forgets what is first imported in a run

pytest_plugins = ["pytester"]

BROKEN = Path(__file__).parents[1] / "plugins" / "broken"
FIRM = """
from torch import nn
import torch
import hitclr


class Firm(nn.Module):
    def __init__(self, in_channels: int, width: int) -> None:
        super().__init__()
        self.out_channels = width
        self.layer = nn.Linear(in_channels + 3, width)

    def forward(self, batch):
        hits = self.layer(torch.cat([batch.x, batch.pos], 1))
        sums = hits.new_zeros(batch.num_graphs, self.out_channels)
        return sums.index_add(0, batch.batch, hits) / batch.ptr.diff()[:, None]


@hitclr.hookimpl
def register_encoders(registrar):
    registrar.add("firm", Firm)
"""
CONFTEST = """
from hitclr.testing import Example

def pytest_hitclr_example(kind, name):
    if (kind, name) == ("encoder", "firm"):
        return Example(options={"width": 4})
"""


@pytest.fixture(autouse=True)
def quick(pytester, monkeypatch):
    """Without plugins that have nothing to do with it: each run would import them anew."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest -p no:cacheprovider")
    monkeypatch.setenv("HITCLR_DISABLE_PLUGINS", "km3net,lartpc,cube")


@pytest.fixture
def repository(pytester, monkeypatch):
    """Make the folder a repository of plugins, and install those that are named."""
    monkeypatch.syspath_prepend(str(pytester.path))

    def make(*names, installed=True):
        lines = [f'{name} = "{name}"' for name in names]
        table = "\n".join(["[project]", 'name = "x"', "[project.entry-points.hitclr]", *lines])
        (pytester.path / "pyproject.toml").write_text(table)
        info = pytester.mkdir("x-1.2.dist-info")
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: x\nVersion: 1.2\n")
        if installed:
            points = "\n".join(["[hitclr]", *(f"{name} = {name}" for name in names)])
            (info / "entry_points.txt").write_text(points)
        for name in names:
            if (BROKEN / f"{name}.py").exists():
                shutil.copy(BROKEN / f"{name}.py", pytester.path)

    return make


def test_a_broken_and_a_sound_plugin(repository, pytester):
    repository("global_randomness", "firm")
    pytester.makepyfile(firm=FIRM)
    pytester.makeconftest(CONFTEST)
    result = pytester.runpytest("--hitclr-conformance", "-rA")
    outcomes = result.parseoutcomes()
    assert outcomes["failed"] < 8 < outcomes["passed"]
    result.stdout.fnmatch_lines(
        [
            "*augmentation[[]wobble[]]::uses_only_the_generator*",
            "Wobble breaks the contract: All randomness comes from the generator*",
            "  expected the global random states untouched, changed: torch",
            "  why it matters: *",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*def runtest*")
    result.stdout.fnmatch_lines(
        ["PASSED conformance::encoder[[]firm[]]::treats_events_alone"], consecutive=True
    )
    assert "FAILED conformance::encoder" not in result.stdout.str()


def test_only_what_is_chosen_and_beside_ordinary_tests(repository, pytester):
    repository("firm")
    pytester.makepyfile(firm=FIRM, test_own="def test_own(): pass")
    pytester.makeconftest(CONFTEST)
    for arguments in (["--hitclr-conformance", "test_own.py"], ["--hitclr-conformance=firm"]):
        result = pytester.runpytest(*arguments, "-v", "-k", "own or registers_something")
        result.assert_outcomes(passed=2, deselected=10)
        result.stdout.fnmatch_lines(["test_own.py::test_own PASSED*", "conformance::plugin*"])
    pytester.runpytest("-k", "not own").assert_outcomes(deselected=1)


def test_options_without_a_default_are_asked_for(repository, pytester):
    repository("firm")
    pytester.makepyfile(firm=FIRM)
    result = pytester.runpytest("--hitclr-conformance")
    result.assert_outcomes(passed=3, failed=1, skipped=7)
    result.stdout.fnmatch_lines(
        [
            "encoder[[]firm[]] cannot be made: *",
            "*width*",
            "*what to do: give the kit an example in tests/conftest.py:",
            "*return hitclr.testing.Example(options={...})",
        ]
    )


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import no_such_module_here", ["*cannot be imported*no_such_module_here*"]),
        ("", ["*registers at least one thing*", "*marked with hitclr.hookimpl*"]),
    ],
)
def test_a_plugin_that_fails_is_named_with_the_cause(repository, pytester, code, words):
    repository("firm")
    pytester.makepyfile(firm=code)
    result = pytester.runpytest("--hitclr-conformance")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["InstalledPlugin 'firm' breaks the contract:*"])
    result.stdout.fnmatch_lines(words)


def test_two_owners_of_a_name_are_named(repository, pytester):
    repository("firm", "second")
    pytester.makepyfile(firm=FIRM, second=FIRM)
    result = pytester.runpytest("--hitclr-conformance=firm")
    result.stdout.fnmatch_lines(
        ["*two plugins register the encoder 'firm': 'firm' (x 1.2) and 'second' (x 1.2)*"]
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_plugin_that_is_not_installed(repository, pytester):
    repository("firm", installed=False)
    result = pytester.runpytest("--hitclr-conformance")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        ["*no installed distribution has an entry point 'firm' in the group hitclr*", "*pip *"]
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "there is no *pyproject.toml"),
        ("[project]\nname = 'x'", "has no [[]project.entry-points.hitclr[]]"),
    ],
)
def test_it_asks_where_nothing_tells_which_plugin(pytester, content, words):
    if content is not None:
        (pytester.path / "pyproject.toml").write_text(content)
    result = pytester.runpytest("--hitclr-conformance", f"--rootdir={pytester.path}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [f"*--hitclr-conformance: which plugin?*{words}*", "*--hitclr-conformance=NAME*"]
    )


def test_every_run_of_pytest_is_spared_heavy_imports():
    code = (
        "import sys, hitclr.testing.pytest_plugin; "
        "print([m for m in ('torch', 'numpy', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_all_names_of_the_kit_can_be_imported():
    import hitclr.testing

    assert all(getattr(hitclr.testing, name) is not None for name in hitclr.testing.__all__)
    with pytest.raises(AttributeError, match="no attribute 'check_detektor'"):
        _ = hitclr.testing.check_detektor
