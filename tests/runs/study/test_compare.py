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
from hitclr.runs.study.inputs import simulate_inputs

METHODS = {"plain": "classifier", "other": "classifier"}


@pytest.fixture(scope="module")
def run_study_in(plugins):
    """Run a study beside its files, without its report."""

    def made(base, name, settings):
        study = prepare_study(settings, plugins, base / name, base=base)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(cell_module, "load_plugins", lambda disabled: plugins)
            patch.setattr(collect, "write_study_report", lambda *_: None)
            assert run_study(study, plugins, threads=1) == ()
            write_study(study, plugins)
        return study.out

    return made


@pytest.fixture(scope="module")
def studies(make_study, run_study_in, tmp_path_factory):
    """The second has more epochs, another method and no `other`."""
    folder = tmp_path_factory.mktemp("studies")
    settings = make_study().settings
    more = {**settings, "views": {"augmentations": [{"name": "rotation"}, "charge-smear"]}}
    more |= {"trainer": {"epochs": 4, "accelerator": "cpu"}, "optimizer": {"lr": 0.02}}
    changes = {
        "first": {"methods": METHODS},
        "second": {"methods": {"plain": "classifier", "new": "classifier"}, "settings": more},
    }
    return tuple(run_study_in(folder, name, make_study(**own)) for name, own in changes.items())


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


def test_no_difference_of_other_nominal_throws(studies, changed):
    found = compare_studies(studies[0], changed(lambda table: table.update(nominal="low")))
    (nominal,) = found.of("nominal")
    assert (nominal.difference, nominal.low, nominal.paired) == (None, None, False)
    assert nominal.note == "the nominal throws are not the same"
    assert None not in (nominal.first[0], nominal.second[0])
    assert all(found.of(f"throw {name}")[0].paired for name in ("nominal", "low", "noisy"))


def test_no_difference_of_nominal_throws_with_other_values(studies, changed):
    def move(table):
        table["throws"][0]["values"]["gain"] = 9.5

    found = compare_studies(studies[0], changed(move))
    (nominal,) = found.of("nominal")
    assert (nominal.difference, nominal.note) == (None, "the nominal throws are not the same")
    assert found.of("throw nominal") == []


def test_no_difference_of_areas_over_other_throws(studies, changed):
    assert compare_studies(*studies).of("area gain")[0].paired

    def move(table):
        table["axes"][0]["throws"] = ["nominal", "noisy"]

    (area,) = compare_studies(studies[0], changed(move)).of("area gain")
    assert (area.difference, area.note) == (None, "the throws are not the same")


def test_a_difference_is_of_the_throws_that_both_are_judged_on(studies, changed):
    folder = changed(lambda table: None)
    for seed in (1, 2):
        path = folder / "cells" / "plain" / "nominal" / f"seed-{seed}" / "cell.npz"
        with np.load(path) as content:
            kept = content["throw"] < 2
            some = {name: content[name][kept] for name in content.files}
        np.savez(path, **some)
    (mean,) = compare_studies(studies[0], folder).of("mean")
    first, second = (
        np.mean([accuracies(path, seed)[:2].mean() for seed in (1, 2)])
        for path in (studies[0], studies[1])
    )
    assert mean.difference == pytest.approx(second - first)
    assert (mean.first[0], mean.second[0]) == pytest.approx((first, second))


def test_a_method_without_a_throw_in_common(run_study_in, make_study, tmp_path):
    methods = {"plain": "classifier", "dann": {"method": "dann", "target": ["low"]}}
    first = run_study_in(tmp_path, "first", make_study(methods=methods, seeds=(1,)))
    second = tmp_path / "second"
    shutil.copytree(first, second)
    table = json.loads((second / "study.json").read_text())
    table["throws"][1]["values"]["gain"] = 7.0
    (second / "study.json").write_text(json.dumps(table))
    found = compare_studies(first, second)
    plain, dann = found.of("mean")
    assert (plain.method, plain.paired, plain.difference) == ("plain", True, 0)
    assert (dann.method, dann.difference, dann.note) == ("dann", None, "no throw in common")
    text = (write_two_studies(tmp_path, found).parent / "report.md").read_text()
    (caution,) = [
        line for line in text.splitlines() if "Not all accuracies have a difference" in line
    ]
    assert "no throw in common" in caution
    assert "wider intervals" not in text, "what is not given has none"
    (same,) = compare_studies(first, shutil.copytree(first, tmp_path / "third")).of("mean")
    assert same.method == "plain", "it is scored on throws in common, but not on all of them"


@pytest.fixture(scope="module")
def of_files(run_study_in, make_study, plugins, tmp_path_factory):
    """Two studies beside files that are called alike and have events of the same keys."""
    folder = tmp_path_factory.mktemp("files")
    made = prepare_study(make_study(), plugins, folder / "made", base=folder)
    simulate_inputs(made.settings, made.inputs, plugins, made.out, processes=1)
    settings = make_study(
        detector=None,
        simulation=None,
        domains={"mc": {"files": "mc.root"}},
        throws={"data": {"files": "data.root"}},
        methods={"plain": "classifier"},
        settings={
            **make_study().settings,
            "schema": plugins.detectors.get("toy").schema.model_dump(mode="json"),
        },
        seeds=(1,),
    )
    found = []
    for name, throw in (("one", "nominal"), ("other", "low")):
        (folder / name).mkdir()
        shutil.copy(made.out / "data" / "train" / "nominal.root", folder / name / "mc.root")
        shutil.copy(made.out / "data" / "test" / f"{throw}.root", folder / name / "data.root")
        found.append(run_study_in(folder / name, "study", settings))
    return found


def test_files_that_are_called_alike_are_not_the_same(of_files):
    (mean,) = compare_studies(*of_files).of("mean")
    assert not mean.paired
    assert mean.note == "the test events are not the same"
    for folder in of_files:
        assert str(folder.parent) not in (folder / "study.json").read_text()


def test_the_same_files_are_paired(of_files, tmp_path):
    again = shutil.copytree(of_files[0], tmp_path / "again")
    (mean,) = compare_studies(of_files[0], again).of("mean")
    assert mean.paired
    assert mean.difference == 0


def test_files_with_other_events_than_before_are_not_the_same(of_files, tmp_path):
    again = shutil.copytree(of_files[0], tmp_path / "again")
    path = again / "cells" / "plain" / "mc" / "seed-1" / "cell.npz"
    with np.load(path) as content:
        arrays = {name: content[name] for name in content.files}
    arrays["key"][0] += 1000
    np.savez(path, **arrays)
    (mean,) = compare_studies(of_files[0], again).of("mean")
    assert (mean.paired, mean.note) == (False, "the test events are not the same")


def test_files_are_not_known_without_the_settings_of_the_cells(of_files, tmp_path):
    again = shutil.copytree(of_files[0], tmp_path / "again")
    (again / "cells" / "plain" / "mc" / "seed-1" / "run-settings.yaml").unlink()
    (mean,) = compare_studies(of_files[0], again).of("mean")
    assert not mean.paired
    assert "the settings of cells are not in" in mean.note


@pytest.mark.parametrize("content", ["data: {}\n", "data: {samples: {}}\n", "data: 3\n"])
def test_settings_of_a_cell_that_name_no_files(of_files, tmp_path, content):
    again = shutil.copytree(of_files[0], tmp_path / "again")
    path = again / "cells" / "plain" / "mc" / "seed-1" / "run-settings.yaml"
    path.write_text(content)
    with pytest.raises(OutputError, match="expected the files of the throws") as raised:
        compare_studies(of_files[0], again)
    assert str(path) in str(raised.value)
    assert "what to do: delete the cell" in str(raised.value)


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
