import copy

import pytest

from hitclr.reports.results import Results
from hitclr.reports.summary import cautions, interval, number, summary


@pytest.fixture
def raw(content):
    return content["results"]


def caution_text(raw):
    return " ".join(cautions(Results.model_validate(raw)))


def summary_text(raw):
    return " ".join(summary(Results.model_validate(raw)))


def large(raw, factor=100):
    """The same run with many events and a narrow interval."""
    raw = copy.deepcopy(raw)
    for row in raw["counts"]:
        row.update({split: row[split] * factor for split in ("train", "validation", "test")})
    raw["scores"][0].update(events=44 * factor, low=0.81, high=0.83)
    return raw


def test_the_summary_names_events_score_and_interval(raw):
    text = summary_text(raw)
    assert "on 149 events of 2 classes (track, shower) from 2 samples" in text
    assert "29 more events served" in text
    assert "edgeconv with 48,322 parameters" in text
    assert "tested on 44 events kept out of the training: accuracy 0.818" in text
    assert "95 % interval 0.682 to 0.909" in text


def test_accuracy_is_compared_with_the_most_frequent_class(raw):
    # 27 of the 44 test events are tracks.
    assert f"most frequent class would reach {27 / 44:.3f}" in summary_text(raw)
    raw["scores"][0]["metric"] = "balanced_accuracy"
    assert "one class would reach 0.500" in summary_text(raw)
    raw["scores"][0]["metric"] = "ROC AUC"
    assert "guessing would reach 0.500" in summary_text(raw)
    raw["scores"][0]["metric"] = "purity"
    assert "For comparison" not in summary_text(raw)


def test_the_main_score_is_the_first_over_all_test_events(raw):
    first, *others = raw["scores"]
    raw["scores"] = [{**first, "set": "validation", "value": 0.1}, *others[:2], first]
    assert "accuracy 0.818" in summary_text(raw)
    raw["scores"] = others[:2]
    assert "No score over all of them was recorded" in summary_text(raw)


def test_long_lists_of_names_are_cut(raw, fed_row):
    raw["fed"] = [fed_row(f"throw {index}", 20) for index in range(12)]
    text = summary_text(raw)
    assert "throw 7 and 4 more" in text
    assert "throw 8" not in text


def test_few_events_and_a_wide_interval_are_said_plainly(raw):
    text = caution_text(raw)
    assert "Only 44 test events" in text
    assert f"{1 / 44:.3f}" in text
    assert "is wide, 0.682 to 0.909" in text


def test_firm_numbers_need_no_caution(raw):
    assert cautions(Results.model_validate(large(raw))) == []


@pytest.mark.parametrize(("events", "said"), [(99, True), (100, False)])
def test_few_means_less_than_a_hundred(raw, events, said):
    raw = large(raw)
    raw["scores"][0]["events"] = events
    assert ("test events: one event" in caution_text(raw)) == said


@pytest.mark.parametrize(("low", "said"), [(0.60, True), (0.63, False)])
def test_a_score_that_may_be_chance_is_called_so(raw, low, said):
    raw["scores"][0]["low"] = low
    assert ("told apart at all cannot be concluded" in caution_text(raw)) == said


def test_a_missing_interval_is_said(raw):
    raw = large(raw)
    raw["scores"][0]["high"] = None
    assert "has no interval" in caution_text(raw)
    assert "without an interval" in summary_text(raw)


def test_classes_with_few_test_events_are_named(raw):
    raw = large(raw)
    for row in raw["counts"]:
        row["test"] = {"track": 4, "shower": 800}[row["class"]]
    assert "Fewer than 10 test events of: track (8)." in caution_text(raw)


def test_one_sample_says_nothing_about_the_detector(raw):
    raw = large(raw)
    raw["samples"] = raw["samples"][:1]
    assert "All events come from one sample" in caution_text(raw)


def test_one_class_cannot_be_told_apart(raw):
    raw = large(raw)
    raw.update(classes=["track"], confusion=[])
    assert "fewer than two classes" in caution_text(raw)


def test_without_test_events_nothing_is_claimed(raw):
    for row in raw["counts"]:
        row["test"] = 0
    raw["scores"] = [{**raw["scores"][0], "value": None, "low": None, "high": None, "events": 0}]
    assert "Nothing was tested" in caution_text(raw)
    assert "No event was kept for testing." in summary_text(raw)
    assert "accuracy" not in summary_text(raw)


def test_without_validation_the_summary_says_so(raw):
    raw["fed"] = [row for row in raw["fed"] if row["set"] == "train"]
    assert "None served to follow the training." in summary_text(raw)


def test_absent_numbers_are_dashes(raw):
    score = Results.model_validate(raw).scores[3]
    assert number(score.value) == "—"
    assert interval(score) == "—"


def test_each_sample_with_several_classes_is_told_by_itself(raw):
    sample = raw["samples"][0]
    wanted = {"value": 0.4, "low": 0.2, "high": 0.6, "events": 20}
    raw["scores"].append({**raw["scores"][0], **wanted, "sample": sample})
    tests = {row["class"]: row["test"] for row in raw["counts"] if row["sample"] == sample}
    level = max(tests.values()) / sum(tests.values())
    text = summary_text(raw)
    assert f"On {sample} alone (20 test events) the accuracy is 0.400" in text
    assert f"most frequent class would reach {level:.3f}" in text
    for row in raw["counts"]:
        if row["sample"] == sample and row["class"] != raw["classes"][0]:
            row["test"] = 0
    assert f"On {sample} alone" not in summary_text(raw)


def test_only_what_the_method_was_fed_is_called_trained_on(raw, fed_row):
    """The counts have other events, too, such as those of a target domain."""
    nominal, aged = raw["samples"]
    raw["fed"] = [fed_row(nominal, 64), fed_row(nominal, 16, split="validation")]
    first = summary(Results.model_validate(raw))[0]
    assert "on 64 events of 2 classes (track, shower) from 1 sample (nominal)." in first
    assert "16 more events served to follow the training." in first
    assert aged not in first


@pytest.mark.parametrize(
    ("unlabelled", "said"),
    [
        (32, "on 96 events of 2 classes (track, shower) from 2 samples (mc, data), 32 of them"),
        (96, "on 96 events without labels from 2 samples (mc, data)."),
    ],
)
def test_training_events_without_labels_are_said(raw, fed_row, unlabelled, said):
    raw["fed"] = [
        fed_row("mc", 64, unlabelled=unlabelled - 32),
        fed_row("data", 32, unlabelled=32),
    ]
    assert said in summary_text(raw)


def test_events_of_the_target_beside_those_of_the_steps(raw, fed_row):
    raw["fed"] = [
        fed_row("mc", 64),
        fed_row("data", 32, use="beside", unlabelled=32),
        fed_row("mc", 16, split="validation"),
        fed_row("data", 8, split="validation", use="beside", unlabelled=8),
    ]
    text = summary_text(raw)
    assert "on 64 events of 2 classes (track, shower) from 1 sample (mc)." in text
    assert (
        "In each step they had as many events of the target beside them, without labels, out of "
        "32 events from 1 sample (data)."
    ) in text
    assert (
        "16 more events served to follow the training, with as many of the target beside them."
    ) in text


def test_a_target_that_is_looked_at_after_the_training(raw, fed_row):
    raw["fed"] = [fed_row("mc", 64), fed_row("data", 32, use="after", unlabelled=32)]
    assert (
        "on 64 events of 2 classes (track, shower) from 1 sample (mc). After the training it "
        "looked at the target, without labels: 32 events from 1 sample (data)."
    ) in summary_text(raw)


def test_an_earlier_file_does_not_say_what_was_fed(raw):
    del raw["fed"]
    text = summary_text(raw)
    assert "by the method contrastive. What it was fed is not recorded." in text
    assert "149" not in text


def unlabelled_tests(raw, number):
    """Test events of unknown class beside those that there are."""
    raw["counts"].append(
        {"sample": raw["samples"][0], "class": "", "train": 0, "validation": 0, "test": number}
    )


@pytest.mark.parametrize(
    ("number", "said"), [(16, "16 more test events had"), (1, "1 more test event had")]
)
def test_only_scored_events_are_called_tested(raw, number, said):
    unlabelled_tests(raw, number)
    text = summary_text(raw)
    assert "tested on 44 events kept out of the training: accuracy 0.818" in text
    assert f"{said} no label and w" in text
    assert f"most frequent class would reach {27 / 44:.3f}" in text


def test_unlabelled_test_events_alone_test_nothing(raw):
    for row in raw["counts"]:
        row["test"] = 0
    unlabelled_tests(raw, 500)
    raw["scores"] = [{**raw["scores"][0], "value": None, "low": None, "high": None, "events": 0}]
    assert "Kept for testing: 500 events. None of them has a label." in summary_text(raw)
    assert "tested on" not in summary_text(raw)
    (only,) = cautions(Results.model_validate(raw))
    assert only.startswith("Nothing was tested")


def test_events_without_a_label_are_not_those_of_a_class_of_that_name(raw):
    raw = large(raw)
    raw["classes"] = ["track", "unknown"]
    for row in raw["counts"]:
        row["class"] = row["class"].replace("shower", "unknown")
    unlabelled_tests(raw, 80_000)
    assert f"most frequent class would reach {27 / 44:.3f}" in summary_text(raw)


def selection(best, scores):
    rows = [{"epoch": epoch, "score": score} for epoch, score in enumerate(scores)]
    return {"validator": "validation-loss", "looks_at": "loss", "epoch": best, "scores": rows}


def test_an_infinite_score_of_an_epoch(raw):
    raw["selection"] = selection(1, [None, -0.3, -0.4])
    assert "models of 3 epochs, that of epoch 2 was kept, chosen by" in summary_text(raw)
    raw["selection"] = selection(None, [None, None])
    assert (
        "The score by validation-loss was infinite in each epoch, so none was chosen: the model "
        "of the last epoch was kept."
    ) in summary_text(raw)
    raw["selection"] = selection(None, [])
    assert "was kept" not in summary_text(raw)
