"""Imports run one way: a module imports only from the rows above its own (DESIGN's layers)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import hitclr

SOURCE = Path(hitclr.__file__).parent

# Modules in one row do not import each other.
ROWS: tuple[tuple[str, ...], ...] = (
    ("fields", "errors", "rng", "optional", "validation", "heap", "demo"),
    ("events",),
    ("io", "graphs"),
    ("detectors", "augment", "nn", "losses"),
    ("methods", "views", "data"),
    ("studies", "reports"),
    ("plugins",),
    ("config", "build"),
    ("runs", "scaffold"),
    ("cli",),
)
ROW = {name: row for row, names in enumerate(ROWS) for name in names}
# In these rows a later module may use an earlier one: errors before the rest, methods before the
# data that feeds them, settings before what is built from them.
ORDERED = frozenset({0, 4, 7})


def room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path: Path) -> list[tuple[str, bool]]:
    """The rooms of hitclr that a file imports, and whether for typing only."""
    tree = ast.parse(path.read_text())
    typing_only = {
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    found = []
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import, which this test cannot follow"
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module == "hitclr":
                names = [f"hitclr.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "hitclr" and len(parts) > 1:
                found.append((parts[1], node in typing_only))
    return found


FILES = sorted(SOURCE.rglob("*.py"))


def test_every_room_has_a_row():
    rooms = {room(path) for path in FILES} - {"__init__", "testing"}
    assert rooms == set(ROW)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_go_up(path):
    own = room(path)
    for other, typing_only in imports(path):
        if other not in {*ROW, "testing"}:  # a name such as hookimpl
            continue
        assert other != "testing" or own == "testing", f"{path} imports the conformance kit"
        if own == "testing" or other == own:
            continue
        if own == "plugins" and path.name == "hookspecs.py":
            assert typing_only, f"hookspecs.py imports {other} at run time"
            continue
        above = ROW[other] < ROW[own]
        same = ROW[other] == ROW[own] and ROW[own] in ORDERED
        earlier = same and ROWS[ROW[own]].index(other) < ROWS[ROW[own]].index(own)
        errors = same and other == "errors"
        assert above or earlier or errors, f"{path}: {own} must not import {other}"


def test_a_wrong_import_is_seen(tmp_path, monkeypatch):
    (tmp_path / "io").mkdir()
    bad = tmp_path / "io" / "bad.py"
    bad.write_text("from hitclr.cli import app\n")
    monkeypatch.setitem(globals(), "SOURCE", tmp_path)
    with pytest.raises(AssertionError, match="io must not import cli"):
        test_imports_go_up(bad)


def test_importing_hitclr_is_quick_and_loads_nothing():
    import subprocess
    import sys

    code = (
        "import sys, hitclr; print([m for m in ('torch', 'uproot', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_packages_define_nothing_and_files_stay_short(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 600
    if path.name == "__init__.py" and path.parent != SOURCE:
        defining = (ast.FunctionDef, ast.ClassDef)
        assert not [node for node in ast.parse(text).body if isinstance(node, defining)]
