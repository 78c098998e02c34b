"""Running a study: cells once each, resumed after anything, with the same numbers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from hitclr.build import build_schema
from hitclr.config import load_settings
from hitclr.errors import OutputError, SettingsError
from hitclr.io import load_schema
from hitclr.plugins import Registry
from hitclr.runs.study import (
    CellFailure,
    collect,
    prepare_study,
    run_study,
    some_cells,
    write_study,
)
from hitclr.runs.study import cell as cell_module
from hitclr.runs.study.cell import cell_fingerprint
from hitclr.runs.study.inputs import simulate_inputs


@pytest.fixture(autouse=True)
def _the_toy_is_installed(plugins, monkeypatch):
    monkeypatch.setattr(cell_module, "load_plugins", lambda disabled: plugins)


def prepared(make_study, plugins, folder, **changes):
    return prepare_study(make_study(**changes), plugins, folder / "out", base=folder)


def run(study, plugins, **options):
    told = []
    failures = run_study(
        study, plugins, threads=1, progress=lambda *what: told.append(what), **options
    )
    return failures, told


class Killed(BaseException):
    """As a signal would be: nothing handles it."""


def run_until_killed(study, plugins, monkeypatch):
    """Run a study that is killed in the second epoch of a cell."""
    from hitclr.runs.history import History

    def kill(self, trainer, module):
        if trainer.current_epoch == 1:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(History, "on_validation_start", kill, raising=False)
        with pytest.raises(Killed):
            run(study, plugins)


def arrays(study, cell):
    with np.load(study.out / "cells" / cell.name / "cell.npz") as content:
        return {name: content[name] for name in content.files}


def table(study, cell):
    return json.loads((study.out / "cells" / cell.name / "cell.json").read_text())


def test_cells_have_what_the_tables_need(make_study, plugins, tmp_path):
    study = prepared(make_study, plugins, tmp_path, seeds=(1,))
    failures, told = run(study, plugins)
    assert failures == ()
    assert [(done, of) for _, done, of in told] == [(1, 3), (2, 3), (3, 3)]
    contrastive, classifier, dann = study.cells
    one, other, adapted = (arrays(study, cell) for cell in study.cells)
    assert np.array_equal(one["key"], other["key"])
    assert np.array_equal(one["throw"], other["throw"])
    assert np.array_equal(one["y"], other["y"])
    assert set(one["throw"]) == {0, 1, 2}
    assert set(adapted["throw"]) == {1}, "scored on its own target alone"
    low = one["throw"] == 1
    assert np.array_equal(one["key"][low], adapted["key"])
    common = np.intersect1d(one["key"][low], one["key"][one["throw"] == 0])
    assert len(common) > 0.5 * low.sum(), "one event has one key under all throws"
    assert one["scores"].shape == (len(one["y"]), 2)
    assert np.allclose(one["scores"].sum(1), 1, atol=1e-5)
    assert one["embedding"].dtype == np.float16
    known = table(study, contrastive)
    assert known["classes"] == ["muon", "electron"]
    assert known["cost"]["views"] == 2
    cost = known["cost"]
    assert cost["epochs"] == len(known["history"]) == 1
    assert cost["encoded"] == 2 * cost["events"]
    assert cost["steps"] == -(-cost["events"] // 16)
    assert cost["collapsed"] is None or abs(cost["collapsed"][1] - np.log(31)) < 0.1
    assert table(study, classifier)["cost"]["views"] == 1
    assert table(study, dann)["target"] == "low"
    left = sorted(path.name for path in (study.out / "cells" / dann.name).iterdir())
    assert left == [".lock", "cell.json", "cell.log", "cell.npz", "model.ckpt", "run-settings.yaml"]


def test_validator_and_oracle_are_scored_on_the_same_events(
    make_study, plugins, tmp_path, monkeypatch
):
    """The oracle likes the first epoch: its score is that of a study that keeps this one."""
    from hitclr.runs.oracle import OracleChoice
    from hitclr.studies.validators import SourceAccuracy

    settings = {**make_study().settings, "trainer": {"epochs": 3, "accelerator": "cpu"}}
    settings["optimizer"] = {"lr": 0.05}
    methods = {
        "dann": {"method": "dann", "target": ["low"]},
        "same": {"method": "dann", "target": ["low"], "settings": {"select": "source-accuracy"}},
    }
    study = prepared(make_study, plugins, tmp_path, methods=methods, settings=settings, seeds=(1,))
    likes = iter([3.0, 2.0, 1.0] * 2)
    validates = OracleChoice.on_validation_epoch_end

    def first(self, trainer, module):
        if not trainer.sanity_checking:
            accuracy = self._accuracy
            self._accuracy = lambda *_: next(likes)
            validates(self, trainer, module)
            self._accuracy = accuracy

    compares = OracleChoice.compare

    def leaves_the_model(self, evaluation, finish):
        before = {k: v.clone() for k, v in self.prepared.method.state_dict().items()}
        found = compares(self, evaluation, finish)
        after = self.prepared.method.state_dict()
        assert all(torch.equal(before[name], after[name]) for name in before)
        return found

    scores = iter([3.0, 2.0, 1.0])
    monkeypatch.setattr(OracleChoice, "compare", leaves_the_model)
    monkeypatch.setattr(OracleChoice, "on_validation_epoch_end", first)
    monkeypatch.setattr(SourceAccuracy, "__call__", lambda self, outputs: next(scores))
    failures, _ = run(study, plugins)
    assert failures == ()
    last, chosen = (table(study, cell)["selection"] for cell in study.cells)
    assert (last["validator"], last["epoch"], last["oracle_epoch"]) == ("last", None, 0)
    assert (chosen["epoch"], chosen["oracle_epoch"]) == (0, 0)
    assert last["by_oracle"] == chosen["by_oracle"] == chosen["by_validator"]
    for cell, found in zip(study.cells, (last, chosen), strict=True):
        events = arrays(study, cell)
        assert found["by_validator"] == np.mean(events["scores"].argmax(1) == events["y"])
    one, other = (arrays(study, cell)["scores"] for cell in study.cells)
    assert not np.array_equal(one, other), "the oracle's weights are not those that are kept"
    monkeypatch.setattr(collect, "write_study_report", lambda *_: None)
    write_study(study, plugins)
    rows = json.loads((study.out / "study.json").read_text())["selection"]
    assert [(row["validator"], row["looks_at"], row["chosen_epoch"]) for row in rows] == [
        ("last", None, 2),
        ("source-accuracy", "source", 0),
    ]


def test_probes_on_few_labels_are_in_the_tables(make_study, plugins, tmp_path, monkeypatch):
    settings = {**make_study().settings, "probe": {"fractions": [0.01, 0.5]}}
    methods = {"contrastive": "contrastive"}
    study = prepared(make_study, plugins, tmp_path, methods=methods, settings=settings, seeds=(1,))
    run(study, plugins)
    monkeypatch.setattr(collect, "write_study_report", lambda *_: None)
    write_study(study, plugins)
    rows = json.loads((study.out / "study.json").read_text())["few_labels"]
    assert {row["metric"] for row in rows} == {"accuracy"}, "what the page shows"
    none, *some = rows
    assert (none["fraction"], none["throw"], none["value"]) == (0.01, None, None)
    assert "no event of class" in none["note"]
    assert [(row["fraction"], row["throw"]) for row in some] == [
        (0.5, throw) for throw in study.inputs.throws
    ]
    assert all(0 <= row["low"] <= row["value"] <= row["high"] <= 1 for row in some)


def test_a_target_keeps_its_throw_when_others_come_before_it(make_study, plugins, tmp_path):
    throws = {"nominal": "nominal", "noisy": {"set": {"gain": 9.0, "noise": 2.0}}}
    methods = {"dann": {"method": "dann", "target": ["noisy"]}}
    first = prepared(make_study, plugins, tmp_path, methods=methods, throws=throws, seeds=(1,))
    run(first, plugins)
    (cell,) = first.cells
    places = {}
    for names in (["nominal", "noisy"], ["nominal", "low", "noisy"], ["noisy"]):
        places[len(names)] = collect.load_scored(first.out, cell, names)
    assert [set(scored.throw) for scored in places.values()] == [{1}, {2}, {0}]
    keys = places[2].key
    assert (keys == places[3].key).all(), "the schema's, the same under all throws"
    path = first.out / "cells" / cell.name / "cell.npz"
    content = arrays(first, cell)
    np.savez(path, **{"entry" if name == "key" else name: one for name, one in content.items()})
    unkeyed = collect.load_scored(first.out, cell, ["nominal", "noisy"])
    assert (unkeyed.key == keys + (1 << 54)).all(), "else those of different throws differ"


def test_deposits_that_are_wanted_later_leave_the_events_as_they_are(make_study, plugins, tmp_path):
    methods = {"classifier": "classifier"}
    first = prepared(make_study, plugins, tmp_path, methods=methods, seeds=(1,))
    run(first, plugins)
    events = {
        file: (file.stat().st_mtime_ns, file.read_bytes())
        for file in (first.out / "data").rglob("*.root")
    }
    resimulated = {"views": {"resimulate": {"vary": ["gain"]}}}
    methods["random throws"] = {"method": "random-throws", "settings": resimulated}
    study = prepared(make_study, plugins, tmp_path, methods=methods, seeds=(1,))
    failures, told = run(study, plugins)
    assert not failures
    assert [cell.method for cell, _, _ in told] == ["random throws"], "the other one is done"
    for file, (changed, content) in events.items():
        assert file.stat().st_mtime_ns == changed
        assert file.read_bytes() == content
    assert (study.out / "data" / "train-deposits.root").is_file()
    assert not [one for one in (study.out / "data" / "train").iterdir() if one.is_dir()]


def test_no_event_is_trained_on_and_tested_with(make_study, plugins, tmp_path):
    study = prepared(make_study, plugins, tmp_path, seeds=(1,))
    simulate_inputs(study.settings, study.inputs, plugins, study.out, processes=1)
    import uproot

    keys = {
        kind: set(uproot.open(f"{study.out}/data/{kind}/{name}.root")["events"]["event"].array())
        for kind, name in (("train", "nominal"), ("target", "low"), ("test", "low"))
    }
    assert not keys["train"] & keys["test"]
    assert not keys["target"] & keys["test"]
    assert not keys["target"] & keys["train"]


def test_what_is_done_is_not_run_again(make_study, plugins, tmp_path):
    study = prepared(make_study, plugins, tmp_path)
    first = some_cells(study, ["classifier/*"])
    run(first, plugins)
    before = {cell: table(study, cell) for cell in first.cells}
    times = {
        cell: (study.out / "cells" / cell.name / "cell.json").stat().st_mtime_ns
        for cell in first.cells
    }
    failures, told = run(study, plugins)
    assert failures == ()
    assert [done for _, done, _ in told] == [3, 4, 5, 6]
    assert not {cell for cell, _, _ in told} & set(first.cells)
    for cell in first.cells:
        assert (study.out / "cells" / cell.name / "cell.json").stat().st_mtime_ns == times[cell]
        assert table(study, cell) == before[cell]


def test_a_killed_cell_ends_with_the_same_numbers(make_study, plugins, tmp_path, monkeypatch):
    """Killed in its second epoch, it goes on from its checkpoint."""
    settings = {**make_study().settings, "trainer": {"epochs": 3, "accelerator": "cpu"}}
    only = ["classifier/nominal/seed-1"]
    whole, cut = (
        some_cells(
            prepare_study(make_study(settings=settings), plugins, tmp_path / name, base=tmp_path),
            only,
        )
        for name in ("whole", "cut")
    )
    run(whole, plugins)
    (cell,) = cut.cells
    run_until_killed(cut, plugins, monkeypatch)
    folder = cut.out / "cells" / cell.name
    assert (folder / "checkpoints" / "last.ckpt").exists()
    assert not (folder / "cell.json").exists()
    run(cut, plugins)
    assert "From the beginning" not in (folder / "cell.log").read_text()
    one, other = arrays(whole, cell), arrays(cut, cell)
    assert all(np.array_equal(one[name], other[name]) for name in one)
    assert table(whole, cell)["history"] == table(cut, cell)["history"]
    costs = [table(study, cell)["cost"] for study in (whole, cut)]
    assert costs[0]["encoded"] == costs[1]["encoded"] == 3 * costs[0]["events"]
    assert costs[0]["steps"] == costs[1]["steps"]
    assert not (folder / "checkpoints").exists()


def test_a_cell_that_fails_leaves_the_others(make_study, plugins, tmp_path):
    methods = {
        "diverges": {
            "method": "classifier",
            "settings": {"optimizer": {"lr": 1e30}, "trainer": {"gradient_clip": None}},
        },
        "classifier": "classifier",
    }
    study = prepared(make_study, plugins, tmp_path, methods=methods, seeds=(1,))
    failures, told = run(study, plugins)
    assert [failure.cell.method for failure in failures] == ["diverges"]
    assert "lower optimizer.lr" in failures[0].message
    assert isinstance(told[0][0], CellFailure)
    assert (study.out / "cells" / study.cells[1].name / "cell.json").exists()
    again, told = run(study, plugins)
    assert len(again) == 1
    assert [done for _, done, _ in told] == [2], "it is tried again, the other is not"


def test_a_cell_of_other_settings_is_refused(make_study, plugins, tmp_path):
    only = ["classifier/nominal/seed-1"]
    study = some_cells(prepare_study(make_study(), plugins, tmp_path / "out", base=tmp_path), only)
    run(study, plugins)
    settings = {**make_study().settings, "trainer": {"epochs": 2, "accelerator": "cpu"}}
    changed = some_cells(
        prepare_study(make_study(settings=settings), plugins, tmp_path / "out", base=tmp_path),
        only,
    )
    with pytest.raises(SettingsError, match="made with other settings"):
        run(changed, plugins)
    table = study.out / "cells" / study.cells[0].name / "cell.json"
    table.write_text("{")
    with pytest.raises(OutputError, match=r"cell\.json cannot be read"):
        run(study, plugins)


def test_events_of_another_production_are_refused(make_study, plugins, tmp_path):
    study = prepared(make_study, plugins, tmp_path)
    simulate_inputs(study.settings, study.inputs, plugins, study.out, processes=1)
    more = {"train": 61, "test": 30, "energy": (5.0, 10.0)}
    other = prepared(make_study, plugins, tmp_path, simulation=more)
    with pytest.raises(SettingsError, match="events: 60 -> 61"):
        simulate_inputs(other.settings, other.inputs, plugins, other.out, processes=1)
    throws = {"nominal": "nominal", "low": {"set": {"gain": 8.5}}}
    other = prepared(make_study, plugins, tmp_path, throws=throws)
    with pytest.raises(SettingsError, match="give the throw another name"):
        simulate_inputs(other.settings, other.inputs, plugins, other.out, processes=1)


def test_a_throw_that_comes_later_has_the_same_events(make_study, plugins, tmp_path):
    few = {"nominal": "nominal", "low": {"set": {"gain": 8.0}}}
    study = prepared(make_study, plugins, tmp_path, throws=few)
    simulate_inputs(study.settings, study.inputs, plugins, study.out, processes=1)
    file = study.out / "data" / "test" / "nominal.root"
    before = file.stat().st_mtime_ns
    study = prepared(make_study, plugins, tmp_path)
    simulate_inputs(study.settings, study.inputs, plugins, study.out, processes=1)
    assert file.stat().st_mtime_ns == before
    import uproot

    one, other = (
        uproot.open(study.out / "data" / "test" / f"{name}.root")["events"].arrays(
            ["event", "energy"], library="np"
        )
        for name in ("nominal", "noisy")
    )
    energies = dict(zip(one["event"], one["energy"], strict=True))
    assert all(
        energies.get(e, v) == v for e, v in zip(other["event"], other["energy"], strict=True)
    )


BEGINNING = {
    "probed further": {
        "method": "classifier",
        "begin_with": "contrastive",
        "settings": {"pretrained": {"train": "none"}},
    },
    "contrastive": {"method": "contrastive"},
}


def encoder(study, cell):
    saved = torch.load(study.out / "cells" / cell.name / "model.ckpt", weights_only=True)
    return {k: v for k, v in saved["state_dict"].items() if k.startswith("encoder.")}


def test_a_method_begins_with_the_encoder_of_another(make_study, plugins, tmp_path):
    study = prepared(make_study, plugins, tmp_path, methods=BEGINNING)
    later, first = study.cells[:2]
    assert later.begins_with == first
    failures, told = run(study, plugins)
    assert failures == ()
    assert [cell.method for cell, _, _ in told] == ["contrastive"] * 2 + ["probed further"] * 2
    for seed in (1, 2):
        one, other = (encoder(study, c) for c in study.cells if c.seed == seed)
        assert all(torch.equal(one[name], other[name]) for name in one if "running" not in name)
    one, other = (table(study, cell)["cost"] for cell in (first, later))
    own = one["events"]
    assert (one["epochs"], other["epochs"]) == (1, 2)
    assert (one["encoded"], other["encoded"]) == (2 * own, 3 * own), "of both trainings"
    assert other["steps"] == 2 * one["steps"]
    assert other["seconds"]["train"] > one["seconds"]["train"]


def test_only_what_begins_with_another(make_study, plugins, tmp_path):
    study = prepared(make_study, plugins, tmp_path, methods=BEGINNING, seeds=(1,))
    alone = some_cells(study, ["probed*"])
    with pytest.raises(SettingsError, match="begins with contrastive/nominal/seed-1, which is not"):
        run(alone, plugins)
    assert not (study.out / "data").exists(), "it is said before anything is simulated"
    run(some_cells(study, ["contr*"]), plugins)
    assert run(alone, plugins)[0] == ()


def test_what_it_begins_with_has_changed(make_study, plugins, tmp_path):
    study = prepared(make_study, plugins, tmp_path, methods=BEGINNING, seeds=(1,))
    run(study, plugins)
    first = study.cells[1]
    changed = {**BEGINNING, "contrastive": {"method": {"name": "contrastive", "alpha": 0.5}}}
    study = prepared(make_study, plugins, tmp_path, methods=changed, seeds=(1,))
    shutil.rmtree(study.out / "cells" / first.name)
    with pytest.raises(SettingsError, match=r"the cell probed further.* made with other settings"):
        run(study, plugins)


def test_a_changed_schema_or_pretrained_model_makes_other_cells(make_study, plugins, tmp_path):
    schema = plugins.detectors.get("toy").schema.model_dump(mode="json", exclude_none=True)
    (tmp_path / "my.yaml").write_text(yaml.safe_dump(schema))
    (tmp_path / "old.ckpt").write_bytes(b"old")
    files = {"schema": "my.yaml", "pretrained": "old.ckpt"}
    for name, path in files.items():
        settings = {**make_study().settings, name: path}
        study = prepared(
            make_study, plugins, tmp_path, methods={"a": "classifier"}, settings=settings
        )
        before = cell_fingerprint(study.each[study.cells[0]])
        with (tmp_path / path).open("a") as file:
            file.write("# more")
        assert cell_fingerprint(study.each[study.cells[0]]) != before, name
    maker = {"name": "geometry", "detx": [str(tmp_path / "old.ckpt")], "hits": "all"}
    settings = study.each[study.cells[0]].model_copy(
        update={"schema_source": maker, "pretrained": None}
    )
    before = cell_fingerprint(settings)
    (tmp_path / "old.ckpt").write_bytes(b"another detector")
    assert cell_fingerprint(settings) != before, "a file that a schema maker reads"


def test_encoders_that_do_not_fit_are_found_at_once(make_study, plugins, tmp_path):
    methods = {
        "contrastive": {"method": "contrastive"},
        "then": {
            "method": "classifier",
            "begin_with": "contrastive",
            "settings": {"encoder": {"size": "small"}},
        },
    }
    with pytest.raises(
        SettingsError, match=r"methods\.then: its encoder .* expected .*tiny.*small"
    ):
        prepared(make_study, plugins, tmp_path, methods=methods)


def test_embeddings_are_of_the_first_seed_of_each_method(make_study, plugins, tmp_path):
    methods = {"all": "classifier", "late": {"method": "classifier", "seeds": [2]}}
    study = prepared(make_study, plugins, tmp_path, methods=methods)
    run(study, plugins)
    kept = [cell.name for cell in study.cells if "embedding" in arrays(study, cell)]
    assert kept == ["all/nominal/seed-1", "late/nominal/seed-2"]


def test_what_it_begins_with_failed(make_study, plugins, tmp_path):
    broken = {"optimizer": {"lr": 1e30}, "trainer": {"gradient_clip": None}}
    methods = {**BEGINNING, "contrastive": {"method": "classifier", "settings": broken}}
    study = prepared(make_study, plugins, tmp_path, methods=methods, seeds=(1,))
    first, later = run(study, plugins)[0]
    assert first.cell.method == "contrastive"
    assert later.message == "contrastive/nominal/seed-1, which it begins with, is not done"


@pytest.mark.parametrize("source", ["my.yaml", {"name": "from-file", "file": "my.yaml"}])
def test_a_study_of_files_and_a_schema_beside_it(
    make_study, plugins, tmp_path, monkeypatch, source
):
    def from_file(file: Path):
        return load_schema(file)

    makers = Registry("schema maker")
    makers.add("from-file", from_file, "test")
    monkeypatch.setattr(plugins, "schema_makers", makers)
    made = prepared(make_study, plugins, tmp_path)
    simulate_inputs(made.settings, made.inputs, plugins, made.out, processes=1)
    schema = plugins.detectors.get("toy").schema.model_dump(mode="json", exclude_none=True)
    (tmp_path / "my.yaml").write_text(yaml.safe_dump(schema))
    (tmp_path / "mc.root").symlink_to(made.out / "data" / "train" / "nominal.root")
    (tmp_path / "data.root").symlink_to(made.out / "data" / "test" / "low.root")
    changes = {
        "detector": None,
        "simulation": None,
        "domains": {"mc": {"files": "mc.root"}},
        "throws": {"data": {"files": "data.root"}},
        "methods": {"plain": "classifier"},
        "settings": {**make_study().settings, "schema": source},
        "seeds": (1,),
    }
    study = prepare_study(make_study(**changes), plugins, tmp_path / "own", base=tmp_path)
    assert run(study, plugins)[0] == ()
    folder = study.out / "cells" / study.cells[0].name
    written = load_settings(folder / "run-settings.yaml")
    assert build_schema(written, plugins, folder).tree == schema["tree"]


@pytest.mark.parametrize("changed", [False, True])
def test_a_killed_fine_tuning_goes_on_from_the_encoder_it_began_with(
    make_study, plugins, tmp_path, monkeypatch, changed
):
    """Unless what it begins with is made anew: then it begins anew, too."""
    tuned = {**BEGINNING["probed further"], "settings": {"trainer": {"epochs": 3}}}
    methods = {**BEGINNING, "probed further": tuned}
    study = prepared(make_study, plugins, tmp_path, methods=methods, seeds=(1,))
    later, first = study.cells
    run(some_cells(study, ["contr*"]), plugins)
    run_until_killed(study, plugins, monkeypatch)
    if changed:
        shutil.rmtree(study.out / "cells" / first.name)
        methods["contrastive"] = {"method": {"name": "contrastive", "temperature": 1.0}}
        study = prepared(make_study, plugins, tmp_path, methods=methods, seeds=(1,))
    run(study, plugins)
    log = (study.out / "cells" / later.name / "cell.log").read_text()
    assert ("From the beginning" in log) is changed
    (tmp_path / "whole").mkdir()
    whole = prepared(make_study, plugins, tmp_path / "whole", methods=methods, seeds=(1,))
    run(whole, plugins)
    assert table(whole, later)["history"] == table(study, later)["history"]
    one, other = arrays(whole, later), arrays(study, later)
    assert all(np.array_equal(one[name], other[name]) for name in one)
