import base64
import io
import json
import re
from html.parser import HTMLParser

import pytest
from matplotlib.image import imread

from hitclr.reports import read_tables, write_report
from hitclr.reports.page import duration, render_page
from hitclr.reports.picture import Picture
from hitclr.reports.projection import project

NAMES = ("confusion", "history", "embedding_by_class", "embedding_by_sample", "event_views")
EVIL = "<script>alert('x')</script>&\"$"
VOID = {"meta", "img", "br", "link", "hr", "input"}


class Page(HTMLParser):
    """What a browser would find: tags with their attributes, text by tag, and no tag left open."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.open, self.text = [], [], []
        self.feed(html)
        assert self.open == [], self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text.append(data)

    def all_text(self):
        return " ".join(" ".join(self.text).split())

    def attributes(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def render(directory, present=NAMES, no_map=""):
    """The page with tiny pictures."""
    tables = read_tables(directory)
    pictures = {name: Picture(name, "AAAA") for name in present}
    projection = None if no_map else project(tables.events)
    return render_page(tables, pictures, projection, no_map)


def test_the_page_needs_nothing_beside_it(write):
    directory = write()
    page = Page(write_report(directory).read_text(encoding="utf-8"))
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "link", "iframe", "object", "embed", "video", "base", "form"}
    images = page.attributes("img")
    assert len(images) == len(NAMES)
    for name, image in zip(NAMES, images, strict=True):
        prefix, data = image["src"].split(",")
        assert prefix == "data:image/png;base64"
        png = base64.b64decode(data, validate=True)
        assert png == (directory / "report" / f"{name}.png").read_bytes()
        assert min(imread(io.BytesIO(png)).shape[:2]) > 400
        assert image["alt"]
    links = [link["href"] for link in page.attributes("a")]
    assert links == [f"{name}.{end}" for name in NAMES for end in ("png", "pdf")]
    assert all((directory / "report" / link).is_file() for link in links)
    assert not [attrs for _, attrs in page.tags if any(key.startswith("on") for key in attrs)]


def test_the_style_fetches_nothing(write):
    html = render(write())
    policy = next(meta for meta in Page(html).attributes("meta") if "http-equiv" in meta)
    assert policy["content"].startswith("default-src 'none'; img-src data:;")
    assert "url(" not in html
    assert "@import" not in html
    assert "http" not in re.sub(r"http-equiv", "", html)


@pytest.mark.parametrize(
    "place",
    ["title", "notes", "class", "sample", "reason", "metric", "note", "feature", "step", "encoder",
     "option", "setting", "version", "unit", "stage"],
)  # fmt: skip
def test_strings_from_files_are_escaped(write, content, place):
    results, views = content["results"], content["views"]
    if place == "class":
        results["classes"] = [EVIL, "shower"]
        for row in results["counts"] + results["skipped"]:
            row["class"] = row["class"].replace("track", EVIL)
    elif place == "sample":
        results["samples"] = [EVIL, "other"]
        for row in results["counts"] + results["skipped"] + results["scores"]:
            row["sample"] = EVIL
    elif place == "feature":
        views["feature_names"], views["colour"] = [EVIL, "b"], EVIL
    elif place == "step":
        views["steps"] = [EVIL]
    else:
        change = {
            "title": lambda: results.update(title=EVIL),
            "notes": lambda: results.update(notes=[EVIL]),
            "reason": lambda: results["skipped"][0].update(reason=EVIL),
            "metric": lambda: results["scores"][0].update(metric=EVIL),
            "note": lambda: results["scores"][0].update(note=EVIL),
            "encoder": lambda: results["encoder"].update(name=EVIL),
            "option": lambda: results["method"].update({"a": EVIL}),
            "setting": lambda: results["settings"].update({EVIL: "value"}),
            "version": lambda: results["versions"].update({"hitclr": EVIL}),
            "unit": lambda: results.update(position_unit=EVIL),
            "stage": lambda: results["seconds"].update({EVIL: 1.0}),
        }
        change[place]()
    html = render(write())
    page = Page(html)
    assert page.attributes("script") == []
    assert "<script" not in html
    # The unit is drawn, not written.
    assert ("alert(" in page.all_text()) == (place != "unit")


def test_notes_and_cautions_stand_above_the_data(write, content):
    text = Page(render(write())).all_text()
    order = [
        content["results"]["title"], "tested on 44 events", "What cannot be concluded",
        "Only 44 test events", "About these data", content["results"]["notes"][0],
        "Events in each split", "What was skipped", "95 % interval events", "Map of the",
        "One event and its two views", "All settings", "Versions",
    ]  # fmt: skip
    places = [text.index(part, text.index("seed 7") if part != order[0] else 0) for part in order]
    assert places == sorted(places)


def test_tables_hold_all_rows(write):
    text = Page(render(write())).all_text()
    assert "nominal track 50 10 14 nominal shower 26 5 8" in text
    assert "all 149 29 44" in text
    assert "3 events no hits nominal track" in text
    assert "1 file damaged file" in text
    assert "(not known)" in text
    assert "test nominal accuracy 0.864 0.682 to 1.000 22" in text
    assert "test all AUC — — 44 not worked out" in text
    assert "alpha 0.5, temperature 0.1" in text
    assert "train 1 min 33 s" in text
    assert "torch-geometric: 2.8.0" in text
    assert "name: adamw" in text


def test_settings_and_versions_are_folded(write):
    assert Page(render(write())).attributes("details") == [{}, {}]


def test_what_there_is_not_is_said(write, content):
    content["results"].update(skipped=[], scores=[], confusion=[], history=[], notes=[])
    page = Page(render(write(), ["event_views"], "There is no map: a reason."))
    text = page.all_text()
    assert "Nothing was skipped." in text
    assert "No score was recorded." in text
    assert "There is no confusion matrix." in text
    assert "No loss was recorded." in text
    assert "There is no map: a reason." in text
    assert "About these data" not in text
    assert len(page.attributes("img")) == 1


def test_embeddings_left_out_are_counted(write, content):
    content["events"]["embedding"][:3] = float("nan")
    content["events"]["split"][:] = 0
    text = Page(render(write())).all_text()
    assert "3 events with an embedding that is not finite are left out." in text
    assert "There are no test events to show." in text


def test_many_rows_are_folded_with_their_totals(write, content):
    row = content["results"]["counts"][0]
    content["results"]["counts"] = [row] * 25
    page = Page(render(write()))
    assert "25 rows; all: 1,250 train, 250 validation, 350 test" in page.all_text()
    assert len(page.attributes("details")) == 3


def test_nested_options_read_as_json(write, content):
    content["results"]["method"]["inner"] = {"deep": [1, True, None]}
    text = Page(render(write())).all_text()
    assert f"inner {json.dumps({'deep': [1, True, None]})}" in text


def test_a_time_without_zone_has_none(write, content):
    content["results"]["created"] = "2026-05-12T14:03:22"
    assert "2026-05-12 14:03, hitclr 0.1.0, seed 7" in Page(render(write())).all_text()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0.0 s"), (59.4, "59.4 s"), (59.96, "1 min 0 s"), (60, "1 min 0 s"), (3599.7, "1 h 0 min"),
     (7260, "2 h 1 min")],
)  # fmt: skip
def test_durations_are_never_sixty_of_a_unit(seconds, words):
    assert duration(seconds) == words
