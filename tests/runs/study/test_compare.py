"""Two studies side by side."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from hitclr.errors import OutputError, SettingsError
from hitclr.reports.study.two_studies import write_two_studies
from hitclr.runs.study import cell as cell_module
from hitclr.runs.study import collect, compare_studies, prepare_study, run_study, write_study

METHODS = {"plain": "classifier", "other": "classifier"}


@pytest.fixture(scope="module")
def studies(make_study, plugins, tmp_path_factory):
    """The second has more epochs, another method and no `other`."""
    folder = tmp_path_factory.mktemp("studies")
    settings = make_study().settings
    more = {**settings, "views": {"augmentations": [{"name": "rotation"}, "charge-smear"]}}
    more |= {"trainer": {"epochs": 4, "accelerator": "cpu"}, "optimizer": {"lr": 0.02}}
    changes = {
        "first": {"methods": METHODS},
        "second": {"methods": {"plain": "classifier", "new": "classifier"}, "settings": more},
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cell_module, "load_plugins", lambda disabled: plugins)
        patch.setattr(collect, "write_study_report", lambda *_: None)
        for name, own in changes.items():
            study = prepare_study(make_study(**own), plugins, folder / name, base=folder)
            assert run_study(study, plugins, threads=1) == ()
            write_study(study, plugins)
    return folder / "first", folder / "second"


@pytest.fixture
def changed(studies, tmp_path):
    """The second study with something else in its table."""

    def made(change):
        folder = tmp_path / "changed"
        shutil.copytree(studies[1], folder, ignore=shutil.ignore_patterns("data", "*.ckpt"))
        table = json.loads((folder / "study.json").read_text())
        change(table)
        (folder / "study.json").write_text(json.dumps(table))
        return folder

    return made


def accuracies(folder, seed):
    with np.load(folder / "cells" / "plain" / "nominal" / f"seed-{seed}" / "cell.npz") as content:
        right = content["scores"].argmax(1) == content["y"]
        return np.array([right[content["throw"] == number].mean() for number in range(3)])


def test_the_same_events_and_seeds_are_paired(studies):
    found = compare_studies(*studies)
    assert found.names == ("first", "second")
    (mean,) = found.of("mean")
    first, second = (
        np.mean([accuracies(folder, seed) for seed in (1, 2)], axis=0) for folder in studies
    )
    assert mean.paired
    assert (mean.method, mean.domain) == ("plain", "nominal")
    assert mean.difference == pytest.approx((second - first).mean())
    assert mean.low < mean.difference < mean.high
    assert mean.survives is not None
    assert (mean.first[0], mean.second[0]) == pytest.approx((first.mean(), second.mean()))
    (low,) = found.of("throw low")
    assert low.paired
    assert low.difference == pytest.approx((second - first)[1])


def test_settings_and_trainings_that_differ(studies):
    found = compare_studies(*studies)
    rows = {row.key: (row.first, row.second) for row in found.settings}
    assert rows["settings.trainer.epochs"] == ("1", "4")
    assert rows["settings.optimizer.lr"] == ("", "0.02")
    assert rows["methods.new.method.name"] == ("", "classifier")
    assert rows["in settings.views.augmentations"] == ("", "charge-smear")
    assert "seeds" not in rows
    assert found.cells == [("other on nominal", 2, 0), ("new on nominal", 0, 2)]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda t: t["settings"]["simulation"].update(seed=2), "test events are not the same"),
        (
            lambda t: [row.update(done=row["seed"] == 1) for row in t["cells"]],
            "seeds are not the same",
        ),
    ],
)
def test_others_are_not_paired(studies, changed, change, why):
    found = compare_studies(studies[0], changed(change))
    (mean,) = found.of("mean")
    assert not mean.paired
    assert why in mean.note
    assert mean.survives is None
    (value, low, high), (other, other_low, other_high) = mean.first, mean.second
    assert mean.difference == pytest.approx(other - value)
    assert mean.low == pytest.approx(
        other - value - ((other - other_low) ** 2 + (high - value) ** 2) ** 0.5
    )
    assert mean.high == pytest.approx(
        other - value + ((other_high - other) ** 2 + (value - low) ** 2) ** 0.5
    )


def test_without_the_events_of_the_cells(studies, changed):
    folder = changed(lambda table: None)
    (folder / "cells" / "plain" / "nominal" / "seed-1" / "cell.npz").unlink()
    (mean,) = compare_studies(studies[0], folder).of("mean")
    assert not mean.paired
    assert "the events of cells are not in" in mean.note


def test_throws_that_are_not_the_same_are_left_out(studies, changed):
    def move(table):
        table["throws"][1]["values"]["gain"] = 8.5

    found = compare_studies(studies[0], changed(move))
    assert found.of("throw low") == []
    assert [row.key for row in found.throws] == ["low"]
    (mean,) = found.of("mean")
    first, second = (
        np.mean([accuracies(folder, seed) for seed in (1, 2)], axis=0)[[0, 2]].mean()
        for folder in studies
    )
    assert mean.paired
    assert mean.difference == pytest.approx(second - first)
    assert (mean.first[0], mean.second[0]) == pytest.approx((first, second))


def test_the_page(studies, tmp_path):
    found = compare_studies(*studies)
    page = write_two_studies(tmp_path, found)
    text = (page.parent / "report.md").read_text()
    for part in (
        "# first and second",
        "## What differs in the settings",
        "| settings.trainer.epochs | 1 | 4 |",
        "| other on nominal | 2 | 0 |",
        "second minus first",
        "**Accuracy, mean over throws**",
    ):
        assert part in text
    assert "<table" in page.read_text()
    assert found.summary()[0] in page.read_text()


def test_what_cannot_be_compared(studies, tmp_path):
    with pytest.raises(SettingsError, match="twice"):
        compare_studies(studies[0], studies[0])
    with pytest.raises(OutputError, match=r"study\.json"):
        compare_studies(studies[0], tmp_path)
