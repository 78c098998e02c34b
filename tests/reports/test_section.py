"""Sections of plugins: what they may be made of, and where they stand."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from hitclr.reports import Drawing, ReportSection, Text, read_tables, write_report
from hitclr.reports.section import write_section
from hitclr.reports.study.document import Image


class Own(ReportSection):
    title = "A section <of its own>"

    def __init__(self, content):
        self.content = content

    def of_run(self, tables):
        return self.content


def drawing():
    figure = Figure(figsize=(1, 1))
    figure.subplots().plot([0, 1])
    return Drawing(figure, "alt", "caption")


def test_pictures_are_called_after_the_section(write, tmp_path):
    made = write_section(
        Own([drawing(), Text("a"), drawing()]), "mine", read_tables(write()), tmp_path
    )
    assert list(made.pictures) == ["section-mine-1", "section-mine-2"]
    assert made.section.title == Own.title
    assert made.section.blocks == [
        Image("section-mine-1", "alt", "caption"),
        Text("a"),
        Image("section-mine-2", "alt", "caption"),
    ]
    files = sorted(path.name for path in tmp_path.glob("section-mine-*"))
    assert files == [f"section-mine-{n}.{kind}" for n in (1, 2) for kind in ("pdf", "png")]


def test_no_content_is_no_section(write, tmp_path):
    tables = read_tables(write())
    assert write_section(Own([]), "mine", tables, tmp_path) is None
    assert write_section(ReportSection(), "mine", tables, tmp_path) is None


@pytest.mark.parametrize("block", ["text", Image("confusion", "a", "b"), Figure()])
def test_other_content_is_refused(write, tmp_path, block):
    with pytest.raises(TypeError, match="expected Text, Note, Table, Code or Drawing, got"):
        write_section(Own([block]), "mine", read_tables(write()), tmp_path)


def test_sections_stand_before_how_it_was_made(write):
    folder = write()
    calls = []

    def writer(tables, into):
        calls.append(tables.results.title)
        return write_section(Own([Text("1 < 2"), drawing()]), "mine", tables, into)

    page = write_report(folder, [writer, lambda tables, into: None]).read_text()
    assert calls == [read_tables(folder).results.title]
    assert page.count("<h2>A section &lt;of its own&gt;</h2>") == 1
    assert "<p>1 &lt; 2</p>" in page
    assert 'href="section-mine-1.png"' in page
    assert page.index("A section") < page.index("How it was made")
