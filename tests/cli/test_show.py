"""What is said when a training is interrupted."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import typer

import hitclr.runs
from hitclr.cli import show


@pytest.fixture
def interrupted(monkeypatch, tmp_path):
    """Train, be interrupted, and give what was said."""
    said = []
    monkeypatch.setattr(show, "say", lambda text, whole=False: said.append(text))

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(hitclr.runs, "train", interrupt)

    def run(disabled):
        with pytest.raises(typer.Exit) as ended:
            show.train_and_show(
                SimpleNamespace(out=str(tmp_path)),
                SimpleNamespace(disabled=disabled),
                tmp_path,
                resume=False,
                overwrite=False,
                again=["train", "my settings.yaml", "--resume"],
            )
        assert ended.value.exit_code == 130
        return said[-1]

    return run


def test_what_is_said_is_printed_as_it_is(capsys):
    text = f"report: {'a long folder/' * 12}x:x:x [bold]/index.html"
    show.say(text, whole=True)
    assert capsys.readouterr().out == text + "\n"
    show.say("words " * 20)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_the_whole_command_that_goes_on(interrupted, tmp_path):
    assert "nothing to go on from" in interrupted(())
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "last.ckpt").touch()
    expected = "hitclr train 'my settings.yaml' --resume"
    assert interrupted(()) == f"Interrupted. Go on with: {expected}"
    assert "hitclr --no-plugin=cube --no-plugin=km3net train" in interrupted(("cube", "km3net"))
