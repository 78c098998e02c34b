"""``hitclr plugin new``: a package that works at once."""

from __future__ import annotations

import compileall
import importlib
import shutil
import sys
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from hitclr.augment import Chain
from hitclr.build import construct
from hitclr.cli import app
from hitclr.config import Spec
from hitclr.detectors import Throws
from hitclr.errors import OutputError, SettingsError
from hitclr.plugins import PluginInfo, Plugins, builtin
from hitclr.rng import generator
from hitclr.scaffold import check_plugin_name
from hitclr.testing import check_augmentation

LONGEST = "a-detector-with-a-name-of-32-let"


def new(*arguments):
    return CliRunner().invoke(app, ["plugin", "new", *map(str, arguments)])


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    """A new plugin, imported and registered beside the built-ins."""
    assert new("my-det", "--out", tmp_path).exit_code == 0
    monkeypatch.syspath_prepend(tmp_path / "hitclr-my-det" / "src")
    plugins = Plugins()
    plugins.add(builtin, PluginInfo("hitclr", "hitclr", "1"))
    info = PluginInfo("my-det", "hitclr-my-det", "0.1.0")
    plugins.add(importlib.import_module("hitclr_my_det.plugin"), info)
    yield plugins
    for name in [name for name in sys.modules if name.startswith("hitclr_my_det")]:
        del sys.modules[name]


def test_what_is_written(tmp_path):
    done = new("my-det", "--out", tmp_path / "new" / "folder")
    assert done.exit_code == 0, done.output
    folder = tmp_path / "new" / "folder" / "hitclr-my-det"
    assert f"cd {folder}" in done.output.replace("\n", "")
    assert "pytest --hitclr-conformance" in done.output
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    modules = ("__init__", "plugin", "detector", "schema", "augmentation")
    assert files == {
        "pyproject.toml",
        "tox.ini",
        "README.md",
        "tests/test_detector.py",
        "src/hitclr_my_det/py.typed",
        *(f"src/hitclr_my_det/{module}.py" for module in modules),
    }
    project = (folder / "pyproject.toml").read_text()
    assert '[project.entry-points.hitclr]\nmy-det = "hitclr_my_det.plugin"\n' in project
    assert not [path for path in folder.rglob("*.*") if "newdet" in path.read_text()]


def test_in_the_current_folder_and_never_over_another(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hitclr-taken").mkdir()
    assert new("fresh").exit_code == 0
    assert (tmp_path / "hitclr-fresh" / "pyproject.toml").exists()
    done = new("taken")
    assert isinstance(done.exception, OutputError)
    assert "hitclr-taken is there already" in str(done.exception)
    assert not list((tmp_path / "hitclr-taken").iterdir())


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    done = new("fresh", "--out", tmp_path / "file")
    assert isinstance(done.exception, OutputError)
    assert "cannot write" in str(done.exception)


@pytest.mark.parametrize("name", ["x", "lartpc2", "my-detector", "class", LONGEST])
def test_names_that_do(name):
    assert check_plugin_name(name) == name


@pytest.mark.parametrize(
    ("name", "proposed"),
    [
        ("My_Detector", "my-detector"),
        ("a--b", "a-b"),
        ("-a", "a"),
        ("2tpc", "tpc"),
        ("../x", "x"),
        ("hitclr-mine", "mine"),
        (f"{LONGEST}x", LONGEST),
        ("hitclr", None),
        ("", None),
        ("µ", None),
        ("a\n", "a"),
    ],
)
def test_names_that_do_not(name, proposed):
    with pytest.raises(SettingsError) as caught:
        check_plugin_name(name)
    message = str(caught.value)
    assert repr(name) in message
    if proposed is None:
        assert "what to do" not in message
    else:
        assert message.endswith(f"what to do: hitclr plugin new {proposed}")
        assert check_plugin_name(proposed)


def test_a_name_that_an_installed_plugin_has(tmp_path, monkeypatch):
    info = tmp_path / "hitclr_taken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hitclr-taken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[hitclr]\ntaken = hitclr_taken\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SettingsError, match=r"installed already \(hitclr-taken\)"):
        check_plugin_name("taken")


def test_what_tools_leave_in_the_template_stays_there(tmp_path, monkeypatch):
    from hitclr.scaffold import write

    template = tmp_path / "template"
    shutil.copytree(write._TEMPLATE, template)
    compileall.compile_dir(template, quiet=1)
    (template / ".ruff_cache").mkdir(exist_ok=True)
    (template / ".ruff_cache" / "0").write_bytes(b"\x89")
    monkeypatch.setattr(write, "_TEMPLATE", template)
    made = write.write_plugin("mine", tmp_path)
    assert not [p for p in made.rglob("*") if p.name in ("__pycache__", ".ruff_cache")]


def test_it_registers_a_detector_with_its_schema_and_an_augmentation(loaded):
    (info,) = [info for info in loaded.infos if info.name == "my-det"]
    assert info.error == ""
    assert info.provides == {
        "detectors": ["my-det"],
        "schemas": ["my-det"],
        "augmentations": ["my-det-light-yield"],
    }
    detector = loaded.detectors.get("my-det")
    assert detector.schema is loaded.schemas.get("my-det")


def test_its_parts_work(loaded):
    """What the conformance kit checks one by one, on few events: the template does not break."""
    import numpy as np

    from hitclr.detectors import shoot

    detector = loaded.detectors.get("my-det")
    random = np.random.default_rng(1)
    deposits = shoot(detector.beam.draw(0, 8, random), detector.material, random, step=1.0)
    events = detector.respond(deposits, Throws.same(detector.throw(), 8), generator(1))
    assert int(events.hits_per_event().min()) >= detector.minimum_hits
    for throw in detector.throws[1:]:
        other = detector.respond(deposits, Throws.same(throw, 8), generator(1))
        assert not torch.equal(other.ptr, events.ptr) or not torch.equal(
            other.hits["x"], events.hits["x"]
        )
    specs = [Spec(**spec) for spec in detector.augmentations]
    chain = Chain([construct(loaded.augmentations, spec) for spec in specs])
    check_augmentation(chain, events.batch(torch.arange(8)))


def test_its_own_tests_pass(loaded, tmp_path, capfd):
    folder = tmp_path / "hitclr-my-det"
    done = pytest.main(
        ["-p", "no:cacheprovider", "-c", str(folder / "pyproject.toml"), str(folder)]
    )
    out = capfd.readouterr().out
    assert done == pytest.ExitCode.OK, out
    assert "5 passed" in out


def test_the_lines_of_the_template_have_room_for_the_longest_name(tmp_path):
    assert new(LONGEST, "--out", tmp_path).exit_code == 0
    for path in Path(tmp_path).rglob("*.py"):
        assert max(map(len, path.read_text().splitlines() or [""])) <= 100, path
