"""Plugins as they are installed: distributions in a folder on the path."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hitclr.plugins import manager


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Install a distribution with one plugin module; nothing else that is installed is seen."""
    folder = tmp_path / "installed"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    everything = manager.distributions

    def ours():
        return [d for d in everything() if str(d.locate_file("")).startswith(str(folder))]

    monkeypatch.setattr(manager, "distributions", ours)
    monkeypatch.delenv(manager.DISABLE_VARIABLE, raising=False)
    before = set(sys.modules)

    def install(name: str, code: str, distribution: str = "") -> None:
        distribution = distribution or f"dist-{name}"
        module = f"{distribution.replace('-', '_')}_plugin"
        (folder / f"{module}.py").write_text(code)
        info = folder / f"{distribution.replace('-', '_')}-1.2.dist-info"
        info.mkdir()
        about = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n"
        (info / "METADATA").write_text(about)
        (info / "entry_points.txt").write_text(f"[hitclr]\n{name} = {module}\n")

    yield install
    for module in set(sys.modules) - before:
        if module.endswith("_plugin"):
            del sys.modules[module]
