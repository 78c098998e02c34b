"""The README's commands run as they are written."""

from __future__ import annotations

import re
import runpy
import shlex
import shutil
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def commands() -> list[str]:
    section = README.split("## Use it on your files")[1].split("\n## ")[0]
    lines = "".join(re.findall(r"```console\n(.*?)```", section, flags=re.DOTALL)).splitlines()
    return [line for line in lines if line and not line.startswith("pip install")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "examples", folder / "examples")
    shutil.rmtree(folder / "examples" / "events", ignore_errors=True)
    # Two epochs instead of fifteen: the commands are what is tested.
    settings = folder / "examples" / "train.yaml"
    settings.write_text(settings.read_text().replace("epochs: 15", "epochs: 2"))
    return folder


@pytest.fixture
def python_here(monkeypatch, folder):
    """``python FILE ...`` in this process, in the folder of the examples."""

    def run(*words):
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", list(words))
        runpy.run_path(words[0], run_name="__main__")

    return run


def test_commands_run_as_written(folder, hitclr_here, python_here):
    run = commands()
    assert len(run) >= 6
    for command in run:
        program, *words = shlex.split(command)
        if program == "python":
            python_here(*words)
            continue
        assert program == "hitclr", command
        done = hitclr_here(*words, cwd=folder, HITCLR_DISABLE_PLUGINS="")
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    assert (folder / "runs" / "first" / "report" / "index.html").exists()
    assert (folder / "runs" / "contrastive" / "model.ckpt").exists()
    assert (folder / "embedded.root").exists()


def test_python_example_runs(folder, python_here, capsys):
    script = folder / "examples" / "own_encoder.py"
    script.write_text(script.read_text().replace("trainer.epochs=5", "trainer.epochs=1"))
    python_here("examples/make_events.py", "examples/events")
    python_here("examples/own_encoder.py")
    assert "balanced accuracy: " in capsys.readouterr().out


def test_the_settings_shown_are_part_of_the_example():
    """Every key that the README shows stands in the example file with the same value."""
    (shown,) = blocks("yaml")
    example = yaml.safe_load((ROOT / "examples" / "train.yaml").read_text())
    part = yaml.safe_load(shown)
    assert part.pop("schema") == example["schema"]
    assert part.pop("data") == example["data"]
    assert part.pop("method") == example["method"]
    views = part.pop("views")["augmentations"]
    assert all(view in example["views"]["augmentations"] for view in views)
    assert part == {}


def test_links_lead_somewhere():
    for target in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (ROOT / target).exists(), target
