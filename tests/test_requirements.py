"""What `tox run -e lowest` installs is what pyproject.toml claims to be enough."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.requirements import Requirement

tomllib = pytest.importorskip("tomllib")  # Python 3.11

ROOT = Path(__file__).parents[1]


def pins(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    requirements = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {requirement.name: str(requirement.specifier) for requirement in requirements}


def test_the_lowest_versions_are_those_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    every = [project["dependencies"], *project["optional-dependencies"].values()]
    floors = {}
    for requirement in (Requirement(line) for group in every for line in group):
        (floor,) = [one for one in requirement.specifier if one.operator == ">="]
        assert floors.setdefault(requirement.name, f"=={floor.version}") == f"=={floor.version}"
    floors |= pins("constraints.txt")  # of torch there is one build for all environments
    assert pins("constraints-lowest.txt") == floors
