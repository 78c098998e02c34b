"""``pytest --hitclr-conformance``: what a plugin registers against hitclr's contracts.

pytest imports this module in every run where hitclr is installed, so nothing heavy is imported
before it is asked for.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hitclr.testing import pytest_hooks

if TYPE_CHECKING:
    from hitclr.testing.example import Example

__all__ = [
    "pytest_addhooks",
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_hitclr_example",
    "pytest_load_initial_conftests",
]

_OPTION = "--hitclr-conformance"
_NAMES = pytest.StashKey[tuple[str, ...]]()


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Add `pytest_hitclr_example`."""
    pluginmanager.add_hookspecs(pytest_hooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--hitclr-conformance``."""
    parser.getgroup("hitclr", "hitclr's conformance kit").addoption(
        _OPTION,
        nargs="?",
        const="",
        metavar="NAME",
        help=(
            "check everything that a plugin of hitclr registers against hitclr's contracts; the "
            "plugin is NAME, or those that pyproject.toml declares"
        ),
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    """Let the option take a name only with an equals sign: what follows it is a path."""
    if _OPTION in args:
        args[:] = [f"{_OPTION}=" if argument == _OPTION else argument for argument in args]
        known = early_config.known_args_namespace  # where pytest looks for conftest.py files
        if known.hitclr_conformance:
            known.file_or_dir.insert(0, known.hitclr_conformance)
            known.hitclr_conformance = ""


def pytest_configure(config: pytest.Config) -> None:
    """Find out which plugins are meant.

    Raises:
        pytest.UsageError: neither the option nor pyproject.toml tells.
    """
    name: str | None = config.getoption(_OPTION)
    if name is not None:
        config.stash[_NAMES] = (name,) if name else _declared(config.rootpath)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add the checks to what was collected."""
    names = config.stash.get(_NAMES, ())
    if names:
        from hitclr.testing.collection import Conformance

        root = Conformance.from_parent(session, name="conformance", nodeid="conformance")
        root.plugin_names = names
        items.extend(session.genitems(root))


@pytest.hookimpl(trylast=True)
def pytest_hitclr_example(kind: str, name: str) -> Example | None:
    """The examples of hitclr's own parts."""
    from hitclr.testing.builtin_examples import builtin_example

    return builtin_example(kind, name)


def _declared(root: Path) -> tuple[str, ...]:
    """The plugins that a project declares."""
    file = root / "pyproject.toml"
    # Python has it from 3.11 on; before, pytest brings tomli along.
    toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    table = "[project.entry-points.hitclr]"
    try:
        project = toml.loads(file.read_text(encoding="utf-8")).get("project", {})
        found = f"its {file} has no {table}"
    except FileNotFoundError:
        project, found = {}, f"there is no {file}"
    except ValueError as error:
        project, found = {}, f"{file} is no TOML: {error}"
    names = tuple(project.get("entry-points", {}).get("hitclr", {}))
    if not names:
        message = (
            f"{_OPTION}: which plugin? The project's root is {root}, and {found}.\n"
            f"  what to do: run it in the plugin's own repository, or name the plugin: "
            f"{_OPTION}=NAME (hitclr for what hitclr brings itself)"
        )
        raise pytest.UsageError(message)
    return names
