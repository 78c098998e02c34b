import base64
import importlib.util
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from hitclr.errors import OutputError
from hitclr.reports.study import write_study_report

SECTIONS = [
    "Robustness curves", "Throws by methods", "Accuracy over throws", "Comparisons",
    "Confusion matrices", "Maps of the representation", "Calibration", "Classes", "Invariance",
    "Validator and oracle", "Training", "Budget and time", "Input", "How it was made",
]  # fmt: skip
PICTURES = {
    "ranking", "curves-1-kept-crosstalk", "ece-1-kept-crosstalk", "heat-map-1-kept-50", "confusion",
    "embedding-pca", "training",
}  # fmt: skip
VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Tags with their attributes, text by tag, no tag left open."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.open, self.text = [], [], []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.text.append((self.open[-1] if self.open else "", data))

    def of(self, tag):
        return [data for name, data in self.text if name == tag]

    def attributes(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="module")
def report(tmp_path_factory, small, put):
    """A report of a small study with all there can be without UMAP."""
    find = importlib.util.find_spec
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importlib.util, "find_spec", lambda name: name != "umap" and find(name))
        return write_study_report(put(tmp_path_factory.mktemp("study"), *small()))


def test_the_page_needs_nothing_beside_it(report):
    html = report.read_text(encoding="utf-8")
    page = Page(html)
    assert {tag for tag, _ in page.tags} <= {
        "html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "p", "section",
        "nav", "a", "figure", "div", "img", "figcaption", "span", "table", "caption", "thead",
        "tbody", "tr", "th", "td", "ul", "li", "details", "summary", "pre",
    }  # fmt: skip
    assert "http" not in html.replace("http-equiv", "")
    assert "url(" not in html
    assert "@import" not in html
    policy = next(meta for meta in page.attributes("meta") if "http-equiv" in meta)
    assert policy["content"].startswith("default-src 'none'; img-src data:;")
    shown = {}
    links = [link["href"] for link in page.attributes("a") if link["href"].endswith(".png")]
    for image, link in zip(page.attributes("img"), links, strict=True):
        prefix, data = image["src"].split(",")
        assert prefix == "data:image/png;base64"
        assert image["alt"]
        shown[link] = base64.b64decode(data, validate=True)
    assert set(shown) == {f"{name}.png" for name in PICTURES}
    for name, png in shown.items():
        assert png == (report.parent / name).read_bytes()
    for link in page.attributes("a"):
        target = link["href"]
        assert (
            target[1:] in {tag.get("id") for _, tag in page.tags}
            if target.startswith("#")
            else (report.parent / target).is_file()
        )


def test_every_section_and_picture_is_in_both(report):
    assert Page(report.read_text(encoding="utf-8")).of("h2")[-len(SECTIONS) :] == SECTIONS
    markdown = (report.parent / "report.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)$", markdown, re.MULTILINE) == SECTIONS
    assert set(re.findall(r"!\[.*\]\((.*)\.png\)", markdown)) == PICTURES
    files = {path.name for path in report.parent.iterdir()}
    pictures = {f"{name}.{end}" for name in PICTURES for end in ("png", "pdf")}
    assert files == {"index.html", "report.md"} | pictures


def test_a_report_is_made_anew(tmp_path, small, put, monkeypatch):
    monkeypatch.setattr("hitclr.reports.study.write._figures", lambda *_: iter(()))
    content, cells = small()
    folder = put(tmp_path, content, cells)
    (write_study_report(folder).parent / "stale.png").write_bytes(b"old")
    content["title"] = "the second"
    (folder / "study.json").write_text(json.dumps(content))
    page = write_study_report(folder)
    assert page == folder / "report" / "index.html"
    assert Page(page.read_text()).of("h1") == ["the second"]
    assert sorted(path.name for path in page.parent.iterdir()) == ["index.html", "report.md"]


def test_a_study_with_nothing_done_yet(tmp_path, small, put):
    content, _ = small()
    for key in ("scores", "summary", "curve", "comparisons", "invariance", "confusion", "cost",
                "losses", "selection"):  # fmt: skip
        content[key] = []
    for row in content["cells"]:
        row["done"] = False
    page = write_study_report(put(tmp_path, content))
    text = " ".join(data for _, data in Page(page.read_text(encoding="utf-8")).text)
    assert "there is no answer" in text
    assert "0 of 10 cells are done" in text
    assert "DANN lacks all of its 6 cells." in text
    assert Page(page.read_text()).of("h2")[-len(SECTIONS) :] == SECTIONS
    assert {path.name for path in page.parent.iterdir()} == {"index.html", "report.md"}


def test_damaged_cells_are_named(tmp_path, small, put):
    content, cells = small()
    folder = put(tmp_path, content, cells)
    first = folder / "cells" / "contrastive" / "kept-50" / "seed-1"
    np.savez(first / "cell.npz", throw=np.array([9]), key=np.array([0]), y=np.array([0]),
             embedding=np.ones((1, 2)))  # fmt: skip
    with pytest.raises(OutputError, match=r"values from 0 to 2 .*cell\.npz, got 9"):
        write_study_report(folder)
    (first / "cell.json").write_text("{}")
    with pytest.raises(
        OutputError, match=r"method, domain, target, seed of a cell in .*cell\.json"
    ):
        write_study_report(folder)
    assert not (folder / "report").exists()


def test_without_a_table_it_says_what_to_do(tmp_path):
    with pytest.raises(OutputError, match=r"study\.json, which is not there.\n.*run the study"):
        write_study_report(tmp_path)


def test_a_study_of_ceilings_alone_has_its_picture(small, put, tmp_path):
    content, cells = small(methods=[("oracle", "oracle", True, 1, 2.0, 0.1)])
    content["methods"][0]["labels"] = True
    page = write_study_report(put(tmp_path, content, cells))
    assert (page.parent / "ranking.png").is_file()
