"""Error texts."""

from __future__ import annotations

import pytest

from hitclr.errors import InputError, MissingExtraError, did_you_mean, nearest
from hitclr.optional import require


def test_input_errors_say_where_and_what_to_do():
    error = InputError(
        "expected x, got y", reason="r", file="f.root", tree="t", branch="b", entry=7, advice="do z"
    )
    assert str(error).splitlines() == [
        "expected x, got y",
        "  file: f.root",
        "  tree: t",
        "  branch: b",
        "  entry: 7",
        "  what to do: do z",
    ]


def test_nearest_looks_at_the_last_part():
    known = ["Evt/hits/hits.pos.x", "Evt/hits/hits.t", "Evt/trks/trks.pos.x", "Evt/w"]
    assert nearest("hits.pos.x", known)[0] == "Evt/hits/hits.pos.x"
    assert nearest("zzz", known) == []
    assert did_you_mean("zzz", ["b", "a"]) == "Known: a, b."
    assert did_you_mean("zzz", []) == "There are none."


def test_missing_extras_say_how_to_install(monkeypatch):
    with pytest.raises(MissingExtraError, match=r"pip install 'thing\[extra\]'"):
        require("no_such_package.part", purpose="the demo", install="thing[extra]")
    assert require("json", purpose="this", install="nothing").loads("1") == 1


def test_a_broken_package_is_not_a_missing_one(tmp_path, monkeypatch):
    (tmp_path / "half_broken.py").write_text("import no_such_dependency")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError, match="no_such_dependency"):
        require("half_broken", purpose="this", install="it")
