import pytest

from hitclr.reports.study import StudyTable
from hitclr.reports.study.answer import answer, compared, ranking
from hitclr.reports.study.document import Note, Table, Text


def said(content):
    """The lead sentences, the tables, and the notes by title."""
    blocks = answer(StudyTable.model_validate(content))
    lead = " ".join(block.text for block in blocks if isinstance(block, Text) and block.lead)
    tables = [block for block in blocks if isinstance(block, Table)]
    return lead, tables, {b.title: list(b.lines) for b in blocks if isinstance(b, Note)}


@pytest.fixture
def one(small):
    """A study of one domain with numbers that are easily recognised."""
    content, _ = small()
    values = {"contrastive": (0.8, 0.7), "classifier": (0.75, 0.4), "DANN": (0.9, 0.85)}
    content["summary"] = [
        {"method": name, "domain": "kept-50", "quantity": quantity, "value": value,
         "low": value - 0.01, "high": value + 0.02, "seeds": {"1": value, "2": value},
         "spread": 0.0042}
        for name, pair in values.items()
        for quantity, value in zip(("mean", "worst"), pair, strict=True)
    ]  # fmt: skip
    content["comparisons"] = [
        # The other way round than it is told.
        {"domain": "kept-50", "first": "classifier", "second": "contrastive", "quantity": "mean",
         "difference": -0.05, "low": -0.08, "high": -0.02, "p": 0.01, "p_holm": 0.03,
         "survives": True, "events": 40, "seeds": 2},
        {"domain": "kept-50", "first": "contrastive", "second": "DANN", "quantity": "mean",
         "difference": -0.1, "low": -0.2, "high": 0.01, "p": 0.2, "p_holm": 0.4,
         "survives": False, "events": 40, "seeds": 2},
    ]  # fmt: skip
    return content


def test_the_answer_is_made_from_the_numbers(one):
    lead, _, _ = said(one)
    assert lead == (
        "Trained on kept-50, of the 2 methods that never saw the target, contrastive has the best "
        "mean accuracy over 3 throws, 0.800 [0.790, 0.820] ±0.004; its difference to the runner-up "
        "classifier is +0.050 [+0.020, +0.080], which survives Holm's correction (p = 0.03). Its "
        "worst case is the best too, 0.700 [0.690, 0.720] ±0.004; whether it is ahead of the "
        "runner-up classifier by more than chance was not tested. DANN, the one method that saw "
        "the target, has a mean of 0.900 [0.890, 0.920] ±0.004; contrastive minus DANN is -0.100 "
        "[-0.200, +0.010], which does not survive Holm's correction (p = 0.4)."
    )


def test_another_method_may_have_the_best_worst_case(one):
    one["summary"][3]["value"] = 0.72
    assert "classifier has the best worst case, 0.720" in said(one)[0]


def test_a_method_that_saw_the_target_is_never_the_best(one):
    table = StudyTable.model_validate(one)
    assert [row[0] for row in ranking(table, "kept-50", "mean")] == ["contrastive", "classifier"]
    assert [row[0] for row in ranking(table, "kept-50", "mean", target=True)] == ["DANN"]


def test_no_number_goes_without_an_interval(one):
    one["summary"][0].update(low=None)
    one["comparisons"][0].update(high=None)
    lead, _, notes = said(one)
    assert "0.800 (no interval) ±0.004" in lead
    assert "+0.050 (no interval)" in lead
    assert any("no interval" in line for line in notes["What cannot be concluded"])


def test_a_comparison_is_turned_as_a_whole(one):
    table = StudyTable.model_validate(one)
    pair = compared(table, "kept-50", "mean", "contrastive", "classifier")
    assert (pair.first, pair.difference, pair.low, pair.high) == ("contrastive", 0.05, 0.02, 0.08)
    assert compared(table, "kept-50", "worst", "contrastive", "classifier") is None


def test_several_domains_are_counted_and_tabled(content):
    lead, tables, _ = said(content)
    assert lead.startswith(
        "Of the methods that never saw the target, contrastive has the best mean accuracy over "
        "throws on 2 of 2 training domains, with a lead over the runner-up that survives Holm's "
        "correction on 2."
    )
    assert lead.endswith("by a difference that survives, on 0 of 2.")
    apart = [{cell for row in table.rows for cell in row[2:4]} for table in tables]
    assert len(apart) == 2
    assert not any("†" in name for name in apart[0])
    assert apart[1] == {"contrastive", "DANN †"}
    mean = next(r for r in content["summary"] if r["quantity"] == "mean")
    value = f"{mean['value']:.3f} [{mean['low']:.3f}, {mean['high']:.3f}] ±{mean['spread']:.3f}"
    first = dict(zip(tables[0].header, tables[0].rows[0], strict=True))
    assert first["best"] == "contrastive"
    assert first["the best has"] == value
    for row in content["comparisons"]:
        row["survives"] = False
    assert "survives Holm's correction on 0." in said(content)[0]


def test_missing_cells_are_listed(content):
    for row in content["cells"]:
        row["done"] = row["method"] != "DANN" and (row["method"], row["seed"]) != ("classifier", 3)
    lines = said(content)[2]["This study is not complete"]
    assert lines[0].startswith("22 of 90 cells are done.")
    assert lines[1:] == [
        "classifier lacks kept-0 seed 3, kept-50 seed 3.",
        "DANN lacks all of its 66 cells.",
    ]


def test_what_cannot_be_concluded(small, content):
    notes = said(content)[2]["What cannot be concluded"]
    assert any("same number of steps" in line for line in notes)
    assert any("saw the events of each throw" in line for line in notes)
    assert not any("seed" in line for line in notes)
    single, _ = small(seeds=(1,), steps=1)
    notes = said(single)[2]["What cannot be concluded"]
    assert any("One seed says little" in line for line in notes)
    assert any("There is one throw" in line for line in notes)


def test_methods_with_few_seeds_are_named(content):
    content["cells"] = [
        row for row in content["cells"] if row["method"] != "DANN" or row["seed"] == 1
    ]
    notes = said(content)[2]["What cannot be concluded"]
    assert any(line.startswith("DANN † had fewer than three seeds") for line in notes)


def test_means_over_fewer_throws_are_named(one):
    one["curve"] = [
        row for row in one["curve"] if row["method"] != "DANN" or row["throw"] != "kept-0"
    ]
    notes = said(one)[2]["What cannot be concluded"]
    assert any("Not all 3 throws were scored for DANN † (2), so" in line for line in notes)
    assert not any("contrastive (" in line for line in notes)


def test_a_lead_that_survives_the_other_way_round_is_none(content):
    for row in content["comparisons"]:  # of the seeds that both have, where the runner-up is ahead
        row.update(difference=-0.05, low=-0.08, high=-0.02, survives=True)
    lead, tables, _ = said(content)
    assert lead.startswith(
        "Of the methods that never saw the target, contrastive has the highest mean accuracy over "
        "throws on 2 of 2 training domains, with a lead over the runner-up that survives Holm's "
        "correction on 0, and is not ahead over the seeds that both have on 2."
    )
    assert tables[0].rows[0][3] == "random throws"
    for row in content["comparisons"]:
        row["seeds"] = 2
    _, (own, seen), _ = said(content)
    assert own.rows[0][3] == "random throws, over 2 of 3 seeds"
    assert seen.rows[0][3] == "DANN †, over 2 of 3 seeds"


def test_a_method_that_knew_the_labels_is_no_rival(one):
    one["methods"][-1]["labels"] = True
    table = StudyTable.model_validate(one)
    assert ranking(table, "kept-50", "mean", target=True) == []
    lead, _, notes = said(one)
    assert "DANN" not in lead
    cautions = notes["What cannot be concluded"]
    assert any("Methods marked § had the labels" in line for line in cautions)
    assert not any("†" in line for line in cautions)


def test_one_method_has_no_rival(one):
    one["summary"] = one["summary"][:2]
    lead, _, _ = said(one)
    assert lead == (
        "Trained on kept-50, contrastive has a mean accuracy over 3 throws, 0.800 [0.790, 0.820] "
        "±0.004. Its worst case is 0.700 [0.690, 0.720] ±0.004."
    )


def test_a_difference_over_other_seeds_than_the_means_says_so(one):
    one["seeds"] = [1, 2, 3]
    worst = {**one["comparisons"][0], "quantity": "worst"}
    one["comparisons"].append(worst)
    assert (
        "±0.004; over the 2 seeds that both have, its difference to the runner-up classifier is "
        "+0.050 [+0.020, +0.080], which survives Holm's correction (p = 0.03). Its worst case is "
        "the best too, 0.700 [0.690, 0.720] ±0.004; over the 2 seeds that both have, its "
        "difference to the runner-up classifier is +0.050"
    ) in said(one)[0]
    assert "; over the 2 seeds that both have, contrastive minus DANN is -0.100" in said(one)[0]


def test_a_method_that_is_behind_over_the_seeds_that_both_have_is_not_the_best(one):
    one["seeds"] = [1, 2, 3]
    one["comparisons"][0].update(difference=0.001, low=-0.002, high=0.003, survives=False)
    worst = {**one["comparisons"][0], "quantity": "worst", "difference": -0.3, "low": -0.4}
    one["comparisons"].append(worst)
    lead, _, _ = said(one)
    assert lead.startswith(
        "Trained on kept-50, of the 2 methods that never saw the target, contrastive has the "
        "highest mean accuracy over 3 throws, 0.800 [0.790, 0.820] ±0.004; over the 2 seeds that "
        "both have, it is not ahead of the runner-up classifier: the difference is -0.001 [-0.003, "
        "+0.002], which does not survive Holm's correction (p = 0.03). Its worst case is the best, "
        "0.700"
    )
    worst.update(difference=0.001)
    assert "Its worst case is the highest too, 0.700" in said(one)[0]
    one["summary"][3]["value"] = 0.72
    worst.update(difference=-0.001)
    assert "classifier has the highest worst case, 0.720" in said(one)[0]


ORACLE = ("oracle", "oracle", True, 1, 4.0, 0.0)
WEAK = ("DANN", "dann", True, 1, 1.0, 0.4)


def knowing(small, *methods):
    """A study of these methods; the one called oracle has the target's labels."""
    content, _ = small(methods=methods)
    for row in content["methods"]:
        row["labels"] = row["name"] == "oracle"
    return content


def scored_in_part(content, *names):
    """Leave one throw of these methods out."""
    content["curve"] = [
        row for row in content["curve"] if row["method"] not in names or row["throw"] != "kept-0"
    ]
    content["summary"] = [row for row in content["summary"] if row["method"] not in names]


def test_others_that_saw_the_target_are_not_forgotten(small):
    plain, other = (
        ("plain", "classifier", False, 1, 1.0, 0.3),
        ("MMD", "mmd", True, 1, 1.0, 0.4),
    )
    lead, _, _ = said(knowing(small, plain, WEAK))
    assert "DANN, the one method that saw the target, has" in lead
    lead, _, _ = said(knowing(small, plain, WEAK, ORACLE))
    assert "DANN, the one method that saw the target without its labels, has" in lead
    content = knowing(small, plain, WEAK, other, ORACLE)
    assert ", the best of those that saw the target without its labels, has" in said(content)[0]
    scored_in_part(content, "MMD")
    lead, _, _ = said(content)
    assert (
        "DANN, the one method that saw the target without its labels and was scored on all throws, "
        "has"
    ) in lead


def test_others_that_never_saw_the_target_are_not_forgotten(small):
    names = ("a", "b", "c")
    content = knowing(small, *((name, "classifier", False, 1, 1.0, 0.3) for name in names))
    assert "of the 3 methods that never saw the target, " in said(content)[0]
    scored_in_part(content, "c")
    assert ("of the 2 methods that never saw the target and were scored on all throws, ") in said(
        content
    )[0]


def test_several_domains_speak_of_rivals_without_labels(content):
    content["methods"].append({**content["methods"][-1], "name": "oracle", "labels": True})
    lead, tables, _ = said(content)
    assert (
        "The best method that saw the target without its labels has a higher mean than the best "
        "that never saw it, by a difference"
    ) in lead
    assert "the best that saw the target without its labels" in tables[1].header


def test_a_study_of_ceilings_alone_has_numbers_and_no_answer(small):
    content = knowing(small, ORACLE)
    table = StudyTable.model_validate(content)
    assert answer(table)[0].text == (
        "Only methods that had the labels of the target were scored on all throws: they show what "
        "there is to gain, so there is no answer."
    )
    content["summary"] = []
    table = StudyTable.model_validate(content)
    assert answer(table)[0].text.startswith("No accuracy over throws was measured yet")


def test_an_epoch_that_the_target_s_labels_chose_makes_a_ceiling(one):
    for row in one["selection"]:
        row.update(validator="mine", looks_at="truth")
    table = StudyTable.model_validate(one)
    assert ranking(table, "kept-50", "mean", target=True) == []
    lead, _, notes = said(one)
    assert "DANN" not in lead
    cautions = notes["What cannot be concluded"]
    assert not any("†" in line or "trained with the labels" in line for line in cautions)
    knew, chosen = cautions[-2:]
    assert knew == (
        "Methods marked § had the labels of each throw that they are scored on, which nobody has "
        "on real data: they show what there is to gain."
    )
    assert chosen == (
        "The epoch of DANN § was chosen by the labels of the target's validation events: the "
        "accuracy is a ceiling, not what is reached without these labels."
    )
    for row in one["selection"]:
        row["looks_at"] = "target"
    assert "DANN" in said(one)[0]
    assert not any("The epoch of" in line for line in said(one)[2]["What cannot be concluded"])
