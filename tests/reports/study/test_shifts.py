"""The section of modelled and unmodelled shifts."""

import pytest

from hitclr.errors import OutputError
from hitclr.reports.study import StudyTable, load_study_table
from hitclr.reports.study.answer import answer
from hitclr.reports.study.document import Image, Note, Table, Text
from hitclr.reports.study.shift_picture import can_draw_shifts, draw_shifts
from hitclr.reports.study.shifts import shift_blocks
from hitclr.reports.study.wording import DASH

DOMAIN = {"domain": "kept-50"}


def around(value):
    return {"value": value, "low": value - 0.01, "high": value + 0.01, "spread": 0.004}


def pair(group, quantity, first, second, difference, survives):
    return {
        **DOMAIN, "group": group, "quantity": quantity, "first": first, "second": second,
        "difference": difference, "low": difference - 0.01, "high": difference + 0.01, "p": 0.02,
        "p_holm": 0.03, "survives": survives, "seeds": 2,
    }  # fmt: skip


@pytest.fixture
def shifted(small):
    """A study of two shifts: contrastive models both, the classifier none."""
    content, _ = small()
    content["shifts"] = [
        {"name": "light", "parameters": ["crosstalk"], "views": ["light"], "throws": ["kept-50"]},
        {"name": "dead", "parameters": ["dead_fraction"], "views": [], "throws": ["kept-100"]},
    ]
    values = {
        ("contrastive", "modelled"): {"mean": 0.8, "worst": 0.7, "shift light": 0.9},
        ("contrastive", "unmodelled"): {"mean": 0.6, "shift light": 0.5, "shift dead": 0.7},
        ("classifier", "unmodelled"): {"mean": 0.65, "shift light": 0.6, "shift dead": 0.7},
    }
    content["shift_summary"] = [
        {"method": method, **DOMAIN, "group": group, "quantity": quantity, **around(value)}
        for (method, group), own in values.items()
        for quantity, value in own.items()
    ]
    content["shift_scores"] = [
        {"method": "contrastive", **DOMAIN, "left_out": None, "shift": "light", "modelled": True,
         **around(0.9)},
        {"method": "contrastive", **DOMAIN, "left_out": "light", "shift": "light",
         "modelled": False, **around(0.5)},
    ]  # fmt: skip
    content["shift_comparisons"] = [
        pair("unmodelled", "mean", "contrastive", "classifier", -0.05, True),
        pair("modelled minus unmodelled", "mean", "contrastive", "contrastive", 0.2, False),
    ]
    cell = {"method": "contrastive", **DOMAIN, "target": None, "seed": 1, "left_out": "light"}
    content["cells"].append({**cell, "done": True})
    content["cost"].append({**cell, "steps": 400, "views": 2, "encoded": 80_000})
    return content


def section(content):
    blocks = shift_blocks(StudyTable.model_validate(content), set())
    tables = {block.caption: block for block in blocks if isinstance(block, Table)}
    (note,) = [block for block in blocks if isinstance(block, Note)]
    return tables, note


def test_both_groups_stand_apart_with_intervals(shifted):
    tables, _ = section(shifted)
    shown = tables["Trained on kept-50: accuracy under modelled shifts, best mean first"]
    assert shown.header == ["method", "mean over shifts", "worst shift", "light"]
    assert shown.rows[0][:2] == ["contrastive", "0.800 [0.790, 0.810] ±0.004"]
    assert "to them: classifier" in shown.footnotes[-1]
    hidden = tables["Trained on kept-50: accuracy under unmodelled shifts, best mean first"]
    assert [row[0] for row in hidden.rows] == ["classifier", "contrastive"]
    assert hidden.header == ["method", "mean over shifts", "light", "dead"]


def test_the_picture_has_both_groups_with_their_intervals(shifted):
    table = StudyTable.model_validate(shifted)
    assert can_draw_shifts(table, "kept-50")
    assert not can_draw_shifts(table, "kept-0")
    figure = draw_shifts(table, "kept-50")
    panels = {panel.get_title(): panel for panel in figure.axes}
    assert list(panels) == ["mean over shifts", "light", "dead"]
    for title, values in (("mean over shifts", (0.8, 0.6, 0.65)), ("dead", (0.7, 0.7))):
        lines = panels[title].lines
        assert tuple(line.get_xdata()[0] for line in lines[1::2]) == values
        assert [tuple(line.get_xdata()) for line in lines[::2]] == [
            (pytest.approx(value - 0.01), pytest.approx(value + 0.01)) for value in values
        ]
    markers = [line.get_marker() for line in panels["mean over shifts"].lines[1::2]]
    assert markers == ["o", "s", "s"]
    images = [b for b in shift_blocks(table, {"shifts-1-kept-50"}) if isinstance(b, Image)]
    assert [image.name for image in images] == ["shifts-1-kept-50"]


def test_differences_are_within_a_group_and_turned(shifted):
    tables, _ = section(shifted)
    row = tables["Trained on kept-50: classifier minus the others under unmodelled shifts"].rows[0]
    assert row[:3] == ["contrastive", "+0.050 [+0.040, +0.060]", "yes (p = 0.03)"]
    price = next(table for name, table in tables.items() if "is modelled minus" in name)
    assert price.rows == [["contrastive", "+0.200 [+0.190, +0.210]", "no (p = 0.03)"]]
    pairs = next(table for name, table in tables.items() if "all pairs" in name)
    assert pairs.folded
    assert len(pairs.rows) == 1, "the price is no pair of methods"


def test_every_training_under_every_shift(shifted):
    tables, _ = section(shifted)
    table = tables["Trained on kept-50: each kind of training under each shift"]
    assert [row[:2] for row in table.rows] == [["contrastive", "nothing"], ["contrastive", "light"]]
    assert not table.rows[0][2].endswith("‡")
    assert table.rows[1][2].endswith("‡")
    assert table.rows[1][3].startswith(DASH)


def test_each_group_says_which_claim_it_supports(shifted):
    _, note = section(shifted)
    modelled, unmodelled = note.lines
    assert "what is known of a detector" in modelled
    assert "contrastive has a mean accuracy of 0.800" in modelled
    assert "They alone support the claim" in unmodelled
    assert "classifier has the best mean accuracy, 0.650" in unmodelled
    assert "+0.050 [+0.040, +0.060], which survives Holm's correction (p = 0.03)" in unmodelled
    blocks = answer(StudyTable.model_validate(shifted))
    lead = " ".join(block.text for block in blocks if isinstance(block, Text) and block.lead)
    assert "On unmodelled shifts classifier has the best mean accuracy" in lead


def test_differences_over_other_seeds_than_the_means_say_so(shifted):
    shifted["seeds"] = [1, 2, 3]
    tables, note = section(shifted)
    row = tables["Trained on kept-50: classifier minus the others under unmodelled shifts"].rows[0]
    assert row[0] == "contrastive, over 2 of 3 seeds"
    price = next(table for name, table in tables.items() if "is modelled minus" in name)
    assert price.rows[0][0] == "contrastive, over 2 of 3 seeds"
    assert (
        "classifier has the best mean accuracy, 0.650 [0.640, 0.660] ±0.004; over the 2 seeds that "
        "both have, its difference to the runner-up contrastive is +0.050"
    ) in note.lines[1]
    shifted["shift_comparisons"][0].update(difference=0.001)
    _, note = section(shifted)
    assert (
        "classifier has the highest mean accuracy, 0.650 [0.640, 0.660] ±0.004; over the 2 seeds "
        "that both have, it is not ahead of the runner-up contrastive: the difference is -0.001"
    ) in note.lines[1]


def test_nothing_is_said_where_nothing_is_left_out(small, shifted):
    assert shift_blocks(StudyTable.model_validate(small()[0]), set()) == []
    shifted["shift_summary"] = shifted["shift_scores"] = shifted["shift_comparisons"] = []
    blocks = shift_blocks(StudyTable.model_validate(shifted), set())
    assert "Nothing was measured" in blocks[-1].text


def test_a_missing_training_without_a_shift_is_named(shifted):
    shifted["cells"][-1]["done"] = False
    notes = {b.title: b for b in answer(StudyTable.model_validate(shifted)) if isinstance(b, Note)}
    lines = notes["This study is not complete"].lines
    assert "contrastive lacks kept-50 without light seed 1." in lines
    assert StudyTable.model_validate(shifted).pairs["contrastive", "kept-50"]


def test_an_unknown_shift_is_refused(shifted, put, tmp_path):
    shifted["shift_scores"][0]["left_out"] = "lihgt"
    with pytest.raises(OutputError, match="mean light"):
        load_study_table(put(tmp_path, shifted) / "study.json")


def test_collapsed_trainings_are_warned_of(shifted):
    shifted["cost"][-1]["collapsed"] = [6.2, 6.24]
    notes = {b.title: b for b in answer(StudyTable.model_validate(shifted)) if isinstance(b, Note)}
    (line,) = [one for one in notes["What cannot be concluded"].lines if "same embedding" in one]
    assert "of 1 cell stayed" in line
    assert "contrastive kept-50 without light seed 1 (6.200, collapsed 6.240)" in line


def test_budgets_are_compared_seed_by_seed(small):
    content, _ = small(methods=[("a", "contrastive", False, 2, 2.2, 0.35),
                                        ("b", "classifier", False, 2, 2.1, 1.5)])  # fmt: skip

    def warned():
        blocks = answer(StudyTable.model_validate(content))
        lines = [line for b in blocks if isinstance(b, Note) for line in b.lines]
        return any("same number of steps" in line for line in lines)

    for row in content["cost"]:
        row["steps"] += row["seed"]
    assert not warned(), "seeds divide the events each in its way"
    content["cost"][0]["encoded"] += 1
    assert warned()


def test_few_labels_are_in_a_table(small):
    from hitclr.reports.study.detail_tables import few_label_blocks

    content, _ = small()
    about = {"method": "contrastive", **DOMAIN, "target": None, "metric": "accuracy"}
    content["few_labels"] = [
        {**about, "seed": seed, "fraction": 0.1, "labels": 30, "throw": throw, "value": value}
        for seed, values in ((1, (0.6, 0.5)), (2, (0.8, 0.7)))
        for throw, value in zip(("kept-0", "kept-50"), values, strict=True)
    ] + [
        {**about, "seed": seed, "fraction": 0.01, "labels": 3, "throw": None, "value": None,
         "note": "no probe: no event of class muon"}
        for seed in (1, 2)
    ]  # fmt: skip
    table = few_label_blocks(StudyTable.model_validate(content))[1]
    assert table.rows == [
        ["contrastive", "1 %", "3", "0 of 2", f"{DASH}¹", f"{DASH}¹"],
        ["contrastive", "10 %", "30", "2 of 2", "0.650 (0.550 to 0.750)", "0.700 (0.600 to 0.800)"],
    ]
    assert table.footnotes == (f"{DASH}¹ no probe: no event of class muon",)
