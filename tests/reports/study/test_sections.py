import re

import pytest
from markdown_it import MarkdownIt

from hitclr.reports.picture import Picture
from hitclr.reports.study import StudyTable
from hitclr.reports.study.document import Code, Document, Image, Note, Section, Table, Text
from hitclr.reports.study.examples import choose_examples
from hitclr.reports.study.html import render_html
from hitclr.reports.study.markdown import render_markdown
from hitclr.reports.study.sections import make_document
from hitclr.reports.study.wording import DASH

NAMES = (
    "ranking", "curves-1-kept-crosstalk", "ece-1-kept-crosstalk", "heat-map-1-kept-0",
    "heat-map-2-kept-50", "confusion", "embedding-pca", "embedding-umap", "training",
)  # fmt: skip
EVIL_TEXT = "&lt;/script&gt;|`*_[x](http://y.org)$a$&amp;amp;"
EVIL = "<script>alert(1)</script>|`*_[x](http://y.org)$a$&amp;\n# x"


def document(content, pictures=NAMES):
    table = StudyTable.model_validate(content)
    return make_document(table, pictures, choose_examples(table), [])


def tables(content, title):
    """The tables of a section by caption."""
    section = next(part for part in document(content).sections if part.title == title)
    return {block.caption: block for block in section.blocks if isinstance(block, Table)}


def words(content, title):
    section = next(part for part in document(content).sections if part.title == title)
    return " ".join(block.text for block in section.blocks if isinstance(block, Text))


def shown(row):
    spread = "" if row["spread"] is None else f" ±{row['spread']:.3f}"
    return f"{row['value']:.3f} [{row['low']:.3f}, {row['high']:.3f}]{spread}"


def test_the_summary_holds_every_number_of_the_table(content):
    found = tables(content, "Accuracy over throws")
    quantities = {"mean over throws": "mean", "worst throw": "worst", "nominal throw": "nominal",
                  "area kept crosstalk": "area kept crosstalk"}  # fmt: skip
    rows = {(r["method"], r["domain"], r["quantity"]): r for r in content["summary"]}
    count = 0
    for domain in ("kept-0", "kept-50"):
        own = found[f"Trained on {domain}: methods that never saw the target, best mean first"]
        seen = found[f"Trained on {domain}: methods that saw the target, best mean first"]
        assert [row[0] for row in seen.rows] == ["DANN †"]
        means = [rows[row[0], domain, "mean"]["value"] for row in own.rows]
        assert means == sorted(means, reverse=True)
        for table in (own, seen):
            for row in table.rows:
                for title, cell in zip(table.header[1:], row[1:], strict=True):
                    name = row[0].removesuffix(" †")
                    assert cell == shown(rows[name, domain, quantities[title]])
                    count += 1
    assert count == len(content["summary"])
    seeds = found["The same, seed by seed"]
    assert [row[3:] for row in seeds.rows] == [
        [f"{value:.3f}" for value in row["seeds"].values()] for row in content["summary"]
    ]


def test_the_curve_is_in_a_table_with_intervals(content):
    table = tables(content, "Throws by methods")[
        "Trained on kept-50: accuracy under each throw, with intervals"
    ]
    points = {(r["method"], r["domain"], r["throw"]): r for r in content["curve"]}
    assert len(table.rows) == 11
    assert table.rows[0][0] == "kept-0 (nominal)"
    for row in table.rows:
        for name, cell in zip(table.header[1:], row[1:], strict=True):
            throw = row[0].removesuffix(" (nominal)")
            assert cell == shown(points[name.removesuffix(" †"), "kept-50", throw])


def test_all_pairs_are_there_and_the_best_against_each(content):
    found = tables(content, "Comparisons")
    pairs = [table for caption, table in found.items() if "all pairs" in caption]
    assert sum(len(table.rows) for table in pairs) == len(content["comparisons"])
    assert all(table.folded for table in pairs)
    for caption, table in found.items():
        if "all pairs" in caption:
            marked = {"†" in f"{row[0]}{row[1]}" for row in table.rows}
            assert marked == {"never saw" not in caption}
    own = found["Trained on kept-0: contrastive minus methods that never saw the target"]
    assert own.header == ["minus", "mean over throws", "survives Holm", "worst throw",
                          "survives Holm"]  # fmt: skip
    for row in own.rows:
        pair = next(r for r in content["comparisons"] if r["second"] == row[0])
        assert row[1] == f"{pair['difference']:+.3f} [{pair['low']:+.3f}, {pair['high']:+.3f}]"
        assert row[2] == f"{'yes' if pair['survives'] else 'no'} (p = {pair['p_holm']:.3g})"
    apart = found["Trained on kept-0: contrastive minus methods that saw the target"]
    assert [row[0] for row in apart.rows] == ["DANN †"]


def test_calibration_and_classes_are_means_over_seeds(content):
    calibration = tables(content, "Calibration")["Trained on kept-0"]
    classes = tables(content, "Classes")["Trained on kept-0: efficiency and purity by class"]

    def expected(metric, throw):
        values = [
            row["value"] for row in content["scores"]
            if (row["method"], row["domain"], row["throw"], row["metric"])
            == ("classifier", "kept-0", throw, metric)
        ]  # fmt: skip
        return f"{sum(values) / 3:.3f} ({min(values):.3f} to {max(values):.3f})"

    row = next(row for row in calibration.rows if row[0] == "classifier")
    assert row[1:3] == [expected("ECE", "kept-0"), expected("ECE", "kept-100")]
    row = next(row for row in classes.rows if row[:2] == ["classifier", "muon"])
    assert row[2:] == [
        expected(f"{kind} muon", throw)
        for kind in ("efficiency", "purity")
        for throw in ("kept-0", "kept-100")
    ]


def test_invariance_and_what_has_none(content):
    table = tables(content, "Invariance")["Trained on kept-0"]
    assert table.header == ["method", "alignment", "domain accuracy", "CKA"]
    values = [
        row["value"] for row in content["invariance"]
        if (row["method"], row["domain"], row["metric"]) == ("classifier", "kept-0", "CKA")
    ]  # fmt: skip
    assert len(values) == 30
    mean = sum(values) / 30
    assert table.rows[1][3] == f"{mean:.3f} ({min(values):.3f} to {max(values):.3f})"
    assert table.rows[4] == ["DANN †", *[f"{DASH}¹"] * 3]
    assert table.footnotes == (f"{DASH}¹ not measured",)


def test_validator_and_oracle_stand_side_by_side(content):
    found = tables(content, "Validator and oracle")
    table = found["Accuracy on the target"]
    assert table.header[2:] == ["validator", "cells", "by validator", "by oracle", "gap"]
    mine = [row for row in content["selection"] if row["domain"] == "kept-0"]
    mean = sum(row["by_validator"] for row in mine) / 33
    assert table.rows[0][:4] == ["DANN †", "kept-0", "soft density", "33"]
    assert table.rows[0][4].startswith(f"{mean:.3f} (")
    assert table.rows[0][6].startswith("0.012 (")
    each = found["The same, cell by cell"]
    assert len(each.rows) == len(content["selection"])
    first = content["selection"][0]
    assert each.rows[0][5] == str(first["chosen_epoch"] + 1)
    assert each.rows[0][6:8] == [f"{first[key]:.3f}" for key in ("by_validator", "by_oracle")]


def test_budget_time_input_and_settings(content):
    table = tables(content, "Budget and time")["Budget and time; a range where cells differ"]
    rows = {row[0]: dict(zip(table.header, row, strict=True)) for row in table.rows}
    assert table.footnotes == ()
    assert rows["DANN †"]["cells"] == "66 of 66"
    assert rows["contrastive"]["training, each"] == "42.0 s"
    assert rows["contrastive"]["all stages, together"] == "4 min 23 s"
    assert rows["contrastive"]["views for each event and step"] == "2"
    assert rows["classifier"]["parameters"] == "21,344"
    assert rows["classifier"]["epoch chosen by"] == "last"
    content["methods"][0]["settings"]["begin_with"] = "classifier"
    budget = next(part for part in document(content).sections if part.title == "Budget and time")
    assert budget.blocks[1].text.startswith(
        "contrastive begins with the encoder of classifier: time"
    )
    skipped = tables(content, "Input")["What was skipped on reading"]
    assert skipped.rows == [["kept-0", "no hits", "3 events"],
                            ["kept-100", "damaged file", "1 file"]]  # fmt: skip
    made = next(part for part in document(content).sections if part.title == "How it was made")
    assert "Detector: cube." in made.blocks[0].text
    assert "Seeds: 1, 2, 3." in made.blocks[0].text
    settings, study, versions = (block for block in made.blocks if isinstance(block, Code))
    assert "contrastive:\n  views:\n    choose: 2\n" in settings.text
    assert study.text == "training:\n  epochs: 20\n"
    assert "torch-geometric: 2.8.0" in versions.text
    content["cost"] = [row for row in content["cost"] if row["method"] != "DANN"]
    table = tables(content, "Budget and time")["Budget and time; a range where cells differ"]
    assert table.rows[4][:3] == ["DANN †", "0 of 66", f"{DASH}¹"]
    assert table.footnotes == (f"{DASH}¹ no finished cell",)


def test_methods_that_were_scored_on_their_targets_alone(content):
    for key in ("curve", "summary"):
        content[key] = [
            row
            for row in content[key]
            if row["method"] != "DANN" or (key == "curve" and row["throw"] == "kept-0")
        ]
    for row in content["comparisons"]:
        row["throws"] = 1 if "DANN" in (row["first"], row["second"]) else len(content["throws"])
    found = tables(content, "Accuracy over throws")
    best = found["Trained on kept-0: methods that never saw the target, best mean first"].rows[0]
    table = found[
        f"Trained on kept-0: methods that were scored on some of the throws alone, and {best[0]}, "
        f"which has the best mean of those that never saw the target"
    ]
    assert table.header == ["method", "kept-0"]
    assert [row[0] for row in table.rows] == [best[0], "DANN †"]
    assert "Trained on kept-0: methods that saw the target, best mean first" not in found
    pairs = tables(content, "Comparisons")
    rows = pairs[f"Trained on kept-0: {best[0]} minus methods that saw the target"].rows
    assert rows[0][0] == f"DANN †, over 1 of {len(content['throws'])} throws"
    for row in content["comparisons"]:
        row["seeds"] = 2
    pairs = tables(content, "Comparisons")
    rows = pairs[f"Trained on kept-0: {best[0]} minus methods that saw the target"].rows
    assert rows[0][0] == f"DANN †, over 1 of {len(content['throws'])} throws and 2 of 3 seeds"
    rows = pairs[f"Trained on kept-0: {best[0]} minus methods that never saw the target"].rows
    assert all(row[0].endswith(", over 2 of 3 seeds") for row in rows)


def with_ceiling(small):
    """A study with a method that had the target's labels, and the highest mean."""
    methods = [
        ("contrastive", "contrastive", False, 2, 1.0, 0.35),
        ("DANN", "dann", True, 1, 2.0, 0.4),
        ("oracle", "oracle", True, 1, 4.0, 0.0),
    ]
    content, _ = small(methods=methods)
    content["methods"][-1]["labels"] = True
    return content


def test_ceilings_are_ranked_with_those_that_saw_the_target(small):
    found = tables(with_ceiling(small), "Accuracy over throws")
    rows = found["Trained on kept-50: methods that saw the target, best mean first"].rows
    assert [row[0] for row in rows] == ["oracle §", "DANN †"]


def test_captions_speak_of_the_methods_that_are_shown(small):
    content = with_ceiling(small)

    def captions():
        made = document(content)
        blocks = [*made.opening, *(block for part in made.sections for block in part.blocks)]
        return {block.name: block.caption for block in blocks if isinstance(block, Image)}

    both = "Open markers, † and §: the method saw the target, § with its labels."
    assert captions()["ranking"] == (
        "Mean over throws and worst throw of each method that was scored on all throws, with 95 % "
        f"intervals; strokes are single seeds. {both}"
    )
    best = "The method with the best mean of those that never saw the target (contrastive), trained"
    for name in ("confusion", "embedding-pca"):
        assert captions()[name].startswith(best)
    content["summary"] = [row for row in content["summary"] if row["method"] != "oracle"]
    assert captions()["ranking"].endswith(" Open markers, †: the method saw the target.")
    assert captions()["curves-1-kept-crosstalk"].endswith(both)
    content["curve"] = [row for row in content["curve"] if row["method"] == "contrastive"]
    content["summary"] = [row for row in content["summary"] if row["method"] != "contrastive"]
    assert "Open markers" not in captions()["curves-1-kept-crosstalk"]
    best = "The method with the best mean of those that saw the target without its labels (DANN)"
    assert captions()["confusion"].startswith(best)


def test_an_epoch_that_labels_chose_is_not_said_to_be_chosen_without(small):
    methods = [("DANN", "dann", True, 1, 2.0, 0.4), ("MMD", "mmd", True, 1, 2.0, 0.4)]
    content, _ = small(methods=methods)
    for row in content["selection"]:
        if row["method"] == "MMD":
            row.update(validator="target-accuracy", looks_at="truth")
    assert words(content, "Validator and oracle").startswith(
        "Methods marked † have the events of their target without labels, so their epoch is chosen "
        "by a validator that needs none, or is the last one."
    )
    found = tables(content, "Validator and oracle")
    assert {row[0] for table in found.values() for row in table.rows} == {"DANN †"}
    rows = tables(content, "How it was made")["Methods"].rows
    assert [row[:3:2] for row in rows] == [
        ["DANN †", "yes"], ["MMD §", "with its labels in the choice of the epoch"],
    ]  # fmt: skip
    content["selection"] = [row for row in content["selection"] if row["method"] == "MMD"]
    content["methods"] = content["methods"][1:]
    for key in ("scores", "summary", "curve", "comparisons", "confusion", "cost", "losses",
                "cells"):  # fmt: skip
        content[key] = [row for row in content[key] if "DANN" not in row.values()]
    assert words(content, "Validator and oracle") == (
        "No method of this study sees a target without its labels."
    )


def test_methods_that_are_trained_on_another_domain_are_not_listed(content):
    for key in ("cells", "summary", "curve", "comparisons"):
        content[key] = [
            row for row in content[key] if row["domain"] != "kept-0" or "DANN" not in row.values()
        ]
    for section in ("Accuracy over throws", "Comparisons"):
        found = [name for name in tables(content, section) if "saw the target" in name]
        assert [name for name in found if "kept-50" in name]
        assert not [name for name in found if "kept-0:" in name and "never" not in name]


def test_missing_values_are_dashes_with_a_reason(content):
    content["summary"][0].update(value=None)
    content["summary"][1].update(low=None, spread=None)
    del content["summary"][2]
    for row in content["cells"]:
        row["done"] = row["method"] != "random throws"
    for key in ("cells", "summary", "curve"):
        content[key] = [
            row for row in content[key]
            if (key == "cells" or row["method"] != "random throws")
            and (row["method"], row["domain"]) != ("classifier", "kept-0")
        ]  # fmt: skip
    found = tables(content, "Accuracy over throws")
    table = found["Trained on kept-0: methods that never saw the target, best mean first"]
    rows = {row[0]: row[1:] for row in table.rows}
    reason = {line.split(" ", 1)[1]: line.split(" ", 1)[0] for line in table.footnotes}
    assert rows["contrastive"][0] == reason["could not be worked out"]
    assert rows["contrastive"][1].endswith(" (no interval)")
    assert rows["contrastive"][2] == reason["not measured"]
    assert set(rows["random throws"]) == {reason["not done yet: cells are missing"]}
    assert "classifier" not in rows, "it is not trained on this domain"
    assert len(set(reason.values())) == 3


def test_null_everywhere_still_gives_a_page(small):
    content, _ = small()
    for key in ("scores", "summary", "curve", "comparisons", "invariance", "selection"):
        for row in content[key]:
            for name in ("value", "low", "high", "spread", "difference", "p", "p_holm", "survives",
                         "by_validator", "by_oracle", "chosen_epoch", "validator"):  # fmt: skip
                if name in row:
                    row[name] = None
    for row in content["cost"]:
        row.update(seconds={}, epochs=None, steps=None, views=None, parameters=None, device=None)
    made = document(content, ())
    text = render_html(made, {})
    assert "there is no answer" in text
    assert "None" not in text
    assert "nan" not in text
    assert "None" not in render_markdown(made)


def test_one_seed_shows_the_interval_of_its_events(small):
    content, _ = small(seeds=(7,))
    table = tables(content, "Calibration")["Trained on kept-50"]
    row = next(r for r in content["scores"] if r["metric"] == "ECE" and r["throw"] == "kept-0")
    assert table.rows[0][1] == f"{row['value']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
    assert "one seed, in square brackets" in words(content, "Calibration")
    assert "The same, seed by seed" not in tables(content, "Accuracy over throws")
    assert "±" not in tables(content, "Accuracy over throws")[
        "Trained on kept-50: methods that never saw the target, best mean first"
    ].rows[0][1]  # fmt: skip


def test_one_throw_and_no_axes_are_said(small):
    content, _ = small(steps=1)
    assert "There are no curves" in words(content, "Robustness curves")
    assert len(tables(content, "Throws by methods")) == 1


def test_without_targets_nothing_is_said_of_them(small):
    content, _ = small()
    content["methods"] = content["methods"][:2]
    for key in ("scores", "summary", "curve", "comparisons", "invariance", "confusion", "cost",
                "losses", "selection", "cells"):  # fmt: skip
        content[key] = [row for row in content[key] if "DANN" not in row.values()]
    assert words(content, "Validator and oracle") == (
        "No method of this study sees a target without its labels."
    )
    assert "†" not in render_markdown(document(content, ()))


def places(content):
    """Each place where the table may hold a string from a file."""
    yield "title", lambda: content.update(title=EVIL)
    yield "note", lambda: content.update(notes=[EVIL])
    yield "version", lambda: content.update(versions={"hitclr": EVIL})
    yield "detector", lambda: content.update(detector=EVIL)
    yield "reason", lambda: content["skipped"][0].update(reason=EVIL)
    yield "setting", lambda: content["methods"][0].update(settings={EVIL: EVIL})
    yield "registered", lambda: content["methods"][0].update(method=EVIL)
    yield "device", lambda: content["cost"][0].update(device=EVIL)
    yield "metric", lambda: content["invariance"][0].update(metric=EVIL)
    yield "quantity", lambda: content["summary"][3].update(quantity=EVIL)
    yield "validator", lambda: content["selection"][0].update(validator=EVIL)
    yield "class", lambda: rename(content, "electron")
    yield "throw", lambda: rename(content, "kept-100")
    yield "domain", lambda: rename(content, "kept-50")
    yield "method", lambda: rename(content, "contrastive")
    yield "parameter", lambda: rename(content, "kept crosstalk")


def rename(value, name):
    """Put the evil string for a name, wherever it stands."""
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        if isinstance(inner, str):
            value[key] = EVIL if inner == name else inner.replace(f" {name}", f" {EVIL}")
        elif isinstance(inner, (dict, list)):
            rename(inner, name)
        if key == name:
            value[EVIL] = value.pop(key)


@pytest.mark.parametrize("place", [name for name, _ in places({})])
def test_strings_from_files_are_escaped(small, place):
    content, _ = small()
    dict(places(content))[place]()
    made = document(content, ())
    html, markdown = render_html(made, {}), render_markdown(made)
    assert "&lt;script&gt;alert(1)" in html
    assert "<script" not in html
    assert EVIL_TEXT in " ".join(re.findall(r">([^<]*)<", html))
    # A renderer that takes HTML and makes links of addresses shall find neither.
    rendered = MarkdownIt("commonmark").enable("table").render(markdown)
    assert "<script" not in rendered
    assert set(re.findall(r"<(\w+)", rendered)) <= {
        "h1", "h2", "p", "strong", "blockquote", "ul", "li", "table", "thead", "tbody", "tr", "th",
        "td", "pre", "code",
    }  # fmt: skip
    assert rendered.count("<h1") == 1
    assert rendered.count("<h2") == len(made.sections)
    assert " ".join(re.findall(r">([^<]*)<", rendered)).count("alert(1)") >= 1
    # A bar that acts would begin another cell, which is cut off with all that follows.
    blocks = [*made.opening, *(block for part in made.sections for block in part.blocks)]
    rows = [1 + len(block.rows) for block in blocks if isinstance(block, Table)]
    assert rendered.count("<tr>") == sum(rows)
    assert EVIL_TEXT in re.sub(r"\s+", " ", rendered)


def test_markdown_does_not_act_on_text():
    made = Document(
        "*t*", "1. by", [Text("- a"), Text("0.5 is +1"), Note("n_n", ["# b", "12) c"])],
        [Section("s|s", [Code("code", "a\n````\nb"), Image("p", "a]b[", "+ c"),
                         Table("cap", ["x", "y"], [["a\nb", ""]], ["n. why"])])],
    )  # fmt: skip
    assert render_markdown(made).splitlines() == [
        r"# \*t\*", "", r"1\. by", "", r"\- a", "", "0.5 is +1", "",
        r"> **n\_n**", ">", r"> - \# b", r"> - 12\) c", "",
        r"## s\|s", "", "**code**", "", "`````text", "a", "````", "b", "`````", "",
        r"![a\]b\[](p.png)", "", r"\+ c ([PDF](p.pdf))", "",
        "**cap**", "", "| x | y |", "| :-- | --: |", "| a b |   |", "", "n. why",
    ]  # fmt: skip


def test_pictures_stand_in_the_page_as_they_are(content):
    pictures = {name: Picture(name, f"DATA{place}") for place, name in enumerate(NAMES)}
    html = render_html(document(content), pictures)
    assert [html.count(f'base64,DATA{place}"') for place in range(len(NAMES))] == [1] * len(NAMES)


def test_long_tables_are_folded(content):
    html = render_html(document(content, ()), {})
    table = Table("c", ["a"], [["x"]] * 25)
    assert table.folded
    assert not Table("c", ["a"], [["x"]] * 24).folded
    assert html.count("<details>") == html.count("</details>") > 4
