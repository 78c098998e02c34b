import os
import stat
from pathlib import Path

import numpy as np
import pytest

from hitclr.errors import OutputError
from hitclr.reports import write, write_report


@pytest.fixture
def quick(monkeypatch):
    """Write a page without drawing; what is put in place is the same."""

    def write_into(folder, tables, sections):
        (folder / "index.html").write_text(tables.results.title)

    monkeypatch.setattr(write, "_write_into", write_into)


def left_over(directory):
    return sorted(path.name for path in directory.iterdir())


TABLES = ["events.npz", "results.json", "views.npz"]


def test_poor_tables_give_a_whole_report(write, content):
    """One class, one sample, two events of one number, single hits, nothing tested."""
    results, views = content["results"], content["views"]
    results.update(
        classes=["track"], samples=["only"], skipped=[], scores=[], confusion=[], history=[],
        notes=[], counts=[{"sample": "only", "class": "track", "train": 2, "validation": 0,
                           "test": 0}],
    )  # fmt: skip
    content["events"] = {
        "embedding": np.array([[1.0], [2.5]], dtype=np.float32),
        "y": np.array([0, -1]),
        "domain": np.zeros(2, dtype=np.int64),
        "split": np.zeros(2, dtype=np.int8),
        "event_id": np.zeros((2, 2), dtype=np.int64),
        "scores": np.zeros((2, 0), dtype=np.float32),
    }
    for prefix in ("event", "first", "second"):
        views[f"{prefix}_pos"] = np.ones((1, 3), dtype=np.float32)
        views[f"{prefix}_x"] = np.ones((1, 2), dtype=np.float32)
    page = write_report(write())
    made = {"embedding_by_class", "embedding_by_sample", "event_views"}
    assert {path.stem for path in page.parent.glob("*.png")} == made
    assert {path.stem for path in page.parent.glob("*.pdf")} == made
    assert "Nothing was tested" in page.read_text(encoding="utf-8")


def test_names_of_files_that_are_no_utf8(write, content):
    content["results"]["notes"] = [os.fsdecode(b"from m\xe4rz.root")]
    assert r"from m\udce4rz.root" in write_report(write()).read_text(encoding="utf-8")


def test_collapsed_embeddings_are_reported(write, content):
    content["events"]["embedding"][:] = 1.0
    page = write_report(write())
    assert "collapsed" in page.read_text(encoding="utf-8")
    assert not (page.parent / "embedding_by_class.png").exists()


@pytest.mark.usefixtures("quick")
def test_an_earlier_report_is_replaced_as_a_whole(write, content):
    directory = write()
    page = write_report(directory)
    assert page == directory / "report" / "index.html"
    (page.parent / "stale.png").write_bytes(b"old")
    content["results"]["title"] = "second"
    assert write_report(write()).read_text() == "second"
    assert left_over(page.parent) == ["index.html"]
    assert left_over(directory) == sorted([*TABLES, "report"])


@pytest.mark.usefixtures("quick")
def test_the_report_can_be_read_by_whom_the_folder_can(write):
    directory = write()
    (directory / "other").mkdir()
    modes = [
        stat.S_IMODE((directory / name).stat().st_mode) for name in ("report", "other")
        if write_report(directory)
    ]  # fmt: skip
    assert modes[0] == modes[1]


def test_an_earlier_report_survives_a_failure(write, monkeypatch):
    directory = write()
    page = directory / "report" / "index.html"
    page.parent.mkdir()
    page.write_text("first")

    def broken(folder, tables, sections):
        # Elsewhere it could be another disk, where a rename fails.
        assert folder.parent.parent == directory
        (folder / "index.html").write_text("half of")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hitclr.reports.write._write_into", broken)
    with pytest.raises(OutputError, match="No space left"):
        write_report(directory)
    assert page.read_text() == "first"
    assert left_over(directory) == sorted([*TABLES, "report"])


@pytest.mark.usefixtures("quick")
def test_an_earlier_report_comes_back_if_the_new_one_cannot_be_put_in_place(write, monkeypatch):
    directory = write()
    page = directory / "report" / "index.html"
    page.parent.mkdir()
    page.write_text("first")
    rename = Path.rename

    def fails_once(self, target):
        if self.name == "fresh":
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails_once)
    with pytest.raises(OutputError, match="Input/output error"):
        write_report(directory)
    assert page.read_text() == "first"
    assert left_over(directory) == sorted([*TABLES, "report"])


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_is_no_report_is_not_replaced(write, kind, tmp_path_factory):
    directory = write()
    target = directory / "report"
    if kind == "file":
        target.write_text("mine")
    elif kind == "folder":
        target.mkdir()
        (target / "thesis.tex").write_text("mine")
    else:
        target.symlink_to(tmp_path_factory.mktemp("elsewhere"))
    with pytest.raises(OutputError, match="move it away"):
        write_report(directory)
    assert target.is_symlink() or target.is_file() or (target / "thesis.tex").is_file()


@pytest.mark.usefixtures("quick")
def test_an_empty_folder_may_be_used(write):
    directory = write()
    (directory / "report").mkdir()
    assert write_report(directory).is_file()


def test_nothing_is_written_when_a_table_is_missing(write):
    directory = write()
    (directory / "views.npz").unlink()
    with pytest.raises(OutputError):
        write_report(directory)
    assert left_over(directory) == ["events.npz", "results.json"]
