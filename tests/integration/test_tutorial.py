"""The tutorial, followed to the letter: every block of its page, in order, in an empty folder."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "tutorial.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)

INSTALL = "pip install -e '.[test]'\n"
"""The one command that is not run: tests have no network. What it leaves behind is made by hand,
the metadata of the package, beside its modules; PYTHONPATH names their folder from the start."""

INSTALLED = """
import sys
from importlib import import_module
from pathlib import Path

toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
project = toml.loads(Path("pyproject.toml").read_text())["project"]
name, version = project["name"], project["version"]
info = Path("src", f"{name.replace('-', '_')}-{version}.dist-info")
info.mkdir()
(info / "METADATA").write_text(f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
points = project["entry-points"]["hitclr"].items()
lines = ["[hitclr]", *(f"{point} = {module}" for point, module in points)]
(info / "entry_points.txt").write_text("\\n".join(lines))
"""


def script(installed: Path) -> str:
    """The page as one script: commands as they stand, files by the name in their first line."""
    parts = ["set -eux"]
    for language, text in BLOCKS:
        if language == "console":
            parts.append(text.replace(INSTALL, f"python {installed}\n"))
        elif language != "text":
            name = text.splitlines()[0].removeprefix("# ")
            parts.append(f"cat > {name} <<'END OF FILE'\n{text}END OF FILE\n")
    return "\n".join(parts)


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """The folder of the plugin, and what was printed."""
    folder = tmp_path_factory.mktemp("tutorial")
    installed = folder / "installed.py"
    installed.write_text(INSTALLED)
    done = subprocess.run(
        ["/bin/bash", "-c", script(installed)],
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(folder / "hitclr-hive" / "src"),
            "CUDA_VISIBLE_DEVICES": "",  # the numbers on the page are a CPU's
            "COLUMNS": "100",
            "NO_COLOR": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-5000:]}\n{done.stderr[-5000:]}"
    return folder / "hitclr-hive", done.stdout


def test_the_plugin_is_listed_as_shown(followed):
    (shown,) = [text for language, text in BLOCKS if language == "text" and "detectors" in text]
    assert " ".join(shown.split()) in " ".join(followed[1].split())


def test_the_kit_found_the_plugin(followed):
    out = followed[1]
    assert "conformance" in out
    assert re.search(r"\d+ passed", out)
    assert "failed" not in out


def numbers(text: str) -> dict[str, list[float]]:
    """The numbers of each row of a table, by its first word."""
    rows = (line.replace("│", " ").replace("|", " ").split() for line in text.splitlines())
    return {
        row[0]: [float(cell) for cell in row[1:] if re.fullmatch(r"\d\.\d+", cell)]
        for row in rows
        if len(row) > 1
    }


def test_the_accuracies_are_those_shown(followed):
    """Within some events of 300: other machines round differently."""
    (shown,) = [text for _, text in BLOCKS if "│ older" in text]
    results = json.loads((followed[0] / "runs" / "classifier" / "results.json").read_text())
    got = {s["sample"]: s["value"] for s in results["scores"] if s["metric"] == "accuracy"}
    for sample in ("nominal", "older"):
        assert got[sample] == pytest.approx(numbers(shown)[sample][0], abs=0.06)
    assert got["older"] < got["nominal"] - 0.05


def test_the_curve_is_the_one_shown(followed):
    study = json.loads((followed[0] / "study" / "study.json").read_text())
    (axis,) = study["axes"]
    assert (axis["parameter"], axis["nominal"]) == ("attenuation", 200.0)
    curves = {
        method: [
            row["value"]
            for throw in axis["throws"]
            for row in study["curve"]
            if (row["method"], row["throw"]) == (method, throw)
        ]
        for method in ("classifier", "contrastive")
    }
    shown = next(text for _, text in BLOCKS if text.startswith("attenuation [cm]"))
    for method, curve in curves.items():
        assert curve == pytest.approx(numbers(shown)[method], abs=0.06)
    assert curves["classifier"][0] < curves["classifier"][3] - 0.1
    picture = followed[0] / "study" / "report" / "curves-1-attenuation.png"
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_every_block_is_run():
    assert {language for language, _ in BLOCKS} == {"console", "python", "yaml", "text"}
    assert PAGE.count("```") == 2 * len(BLOCKS)
    assert sum(text.count(INSTALL) for _, text in BLOCKS) == 1


def test_links_lead_somewhere():
    for target in re.findall(r"\]\((?!http)([^)#]+)", PAGE):
        assert (DOCS / target).exists(), target
