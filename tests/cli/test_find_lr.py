"""``hitclr find-lr``, as a user meets it."""

from __future__ import annotations

import pytest
import yaml
from typer.testing import CliRunner

from hitclr.cli.app import app
from hitclr.errors import OutputError, SettingsError


@pytest.fixture
def config(tmp_path, toy_settings, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "train.yaml"
    path.write_text(yaml.safe_dump({**toy_settings, "out": "run"}))
    return path


def run(*arguments):
    return CliRunner().invoke(app, ["find-lr", *map(str, arguments)])


def test_it_suggests_a_rate_and_draws_the_losses(config, tmp_path):
    done = run(config, "encoder.depth=1", "--steps", 12, "--out", "curve.png")
    assert done.exit_code == 0, done.output
    assert "wrote curve.png: the losses of 12 steps, rates from 1e-06 to 1" in done.output
    assert "optimizer.lr=" in done.output or "does not fall" in done.output
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert {path.name for path in tmp_path.iterdir()} == {"train.yaml", "curve.png"}


def test_the_rate_is_said_whatever_becomes_of_the_picture(config, tmp_path):
    (tmp_path / "file").touch()
    done = run(config, "encoder.depth=1", "--steps", 10, "--out", "new/folder/curve.png")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "new" / "folder" / "curve.png").exists()
    done = run(config, "encoder.depth=1", "--steps", 10, "--out", "file/curve.png")
    assert isinstance(done.exception, OutputError)
    assert "optimizer.lr=" in done.output or "does not fall" in done.output


def test_a_picture_that_exists_stays(config, tmp_path):
    (tmp_path / "lr-curve.png").write_text("mine")
    done = run(config)
    assert isinstance(done.exception, OutputError)
    assert (tmp_path / "lr-curve.png").read_text() == "mine"


def test_an_ending_that_is_no_picture_is_refused(config):
    done = run(config, "--out", "curve.txt")
    assert isinstance(done.exception, SettingsError)
    assert "ends in .png, .pdf, .svg" in str(done.exception)
