"""Which trainings a study has, and what each is told."""

from __future__ import annotations

import numpy as np
import pytest

from hitclr.errors import SettingsError, UnknownNameError
from hitclr.runs.study import PlannedCell, prepare_study, some_cells
from hitclr.runs.study.cell import _keys, cell_fingerprint


def test_every_method_domain_target_and_seed(make_study, plugins, tmp_path):
    study = prepare_study(make_study(), plugins, tmp_path / "out", base=tmp_path)
    assert [cell.name for cell in study.cells[:3]] == [
        "contrastive/nominal/seed-1",
        "classifier/nominal/seed-1",
        "dann/nominal/to-low/seed-1",
    ]
    assert len(study.cells) == 6
    each = make_study(methods={"dann": {"method": "dann", "target": "each"}})
    cells = prepare_study(each, plugins, tmp_path / "out", base=tmp_path).cells
    assert [cell.target for cell in cells if cell.seed == 1] == ["nominal", "low", "noisy"]


def test_a_method_with_fewer_seeds(make_study, plugins, tmp_path):
    methods = {
        "all": "classifier",
        "few": {"method": "dann", "target": "each", "seeds": [2, 7]},
    }
    study = make_study(methods=methods, seeds=(1, 2, 3), domains={"a": "nominal", "b": "nominal"})
    study = prepare_study(study, plugins, tmp_path / "out", base=tmp_path)
    assert {(cell.method, cell.seed) for cell in study.cells} == {
        ("all", 1), ("all", 2), ("all", 3), ("few", 2)}  # fmt: skip


def test_settings_of_a_cell(make_study, plugins, tmp_path):
    methods = {
        "plain": {"method": "classifier", "settings": {"trainer": {"epochs": 7}}},
        "dann": {"method": {"name": "dann", "weight": 0.5}, "target": ["low"]},
    }
    study = prepare_study(make_study(methods=methods), plugins, tmp_path / "out", base=tmp_path)
    plain = study.each[PlannedCell("plain", "nominal", None, 2)]
    assert plain.seed == 2
    assert plain.trainer.epochs == 7
    assert plain.trainer.accelerator == "cpu", "what is not changed stays"
    samples = plain.data.samples
    assert {name: sample.use for name, sample in samples.items()} == {
        "nominal": "split",
        "nominal (test)": "test",
        "low (test)": "test",
        "noisy (test)": "test",
    }
    files = [file for sample in samples.values() for file in sample.files]
    assert len(set(files)) == 4, "what is trained on is not tested on"
    assert plain.data.split.test == 0.0
    assert plain.data.targets == ()
    dann = study.each[PlannedCell("dann", "nominal", "low", 1)]
    assert dann.method.options == {"weight": 0.5}
    assert dann.data.targets == ("low (target)",)
    assert list(dann.data.samples) == ["nominal", "low (target)", "low (test)"]
    assert dann.data.samples["low (target)"].files != dann.data.samples["low (test)"].files
    shared = {"data", "title", "out", "seed", "method", "trainer"}
    same = {key: value for key, value in plain.plain().items() if key not in shared}
    assert same == {key: dann.plain()[key] for key in same}


def test_the_training_events_are_resimulated_from_their_own_deposits(make_study, plugins, tmp_path):
    methods = {
        "random": {
            "method": "random-throws",
            "settings": {"views": {"resimulate": {"vary": "gain"}}},
        }
    }
    study = prepare_study(make_study(methods=methods), plugins, tmp_path / "out", base=tmp_path)
    resimulate = study.each[study.cells[0]].views.resimulate
    assert resimulate.detector == "toy"
    assert resimulate.deposits == (str(tmp_path / "out" / "data" / "train-deposits.root"),)
    assert study.each[study.cells[0]].views.augmentations, "merged, not replaced"


@pytest.mark.parametrize(
    ("vary", "expected"),
    [
        (["noise"], {"noise": (0.5, 2.0), "gain": (8.0, 8.0)}),
        ({"noise": (1.0, 2.0)}, {"noise": (1.0, 2.0), "gain": (8.0, 8.0)}),
        (["gain"], ("gain",)),
        (None, None),
    ],
)
def test_views_are_made_anew_as_the_domain_was(make_study, plugins, tmp_path, vary, expected):
    resimulated = {"views": {"resimulate": {"vary": vary}}}
    planned = prepare_study(
        make_study(
            domains={"nominal": "nominal", "low": {"set": {"gain": 8.0}}},
            methods={"random": {"method": "random-throws", "settings": resimulated}},
            seeds=(1,),
        ),
        plugins,
        tmp_path / "out",
        base=tmp_path,
    )
    nominal, low = (planned.each[cell].views.resimulate.vary for cell in planned.cells)
    assert nominal == (tuple(vary) if isinstance(vary, list) else vary)
    assert low == expected


def test_files_of_ones_own(make_study, plugins, tmp_path):
    study = make_study(
        detector=None,
        simulation=None,
        domains={"mc": {"files": ["mc/*.root"], "label": "muon"}},
        throws={"data": {"files": ["data.root"], "label": "muon", "target": ["more.root"]}},
        methods={"dann": {"method": "dann", "target": "each"}},
        settings={"schema": "my.yaml"},
    )
    planned = prepare_study(study, plugins, tmp_path / "out", base=tmp_path)
    samples = planned.each[planned.cells[0]].data.samples
    assert samples["mc"].files == (str(tmp_path / "mc" / "*.root"),)
    assert samples["mc"].label == "muon"
    assert samples["data (target)"].files == (str(tmp_path / "more.root"),)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"methods": {"dann": "dann"}}, "give `target: each`"),
        ({"methods": {"dann": {"method": "dann", "target": ["lwo"]}}}, "low"),
        ({"nominal": "nomnal"}, "nominal: no throw"),
        ({"throws": {"low": {"set": {"gian": 8.0}}}}, "gain"),
        ({"throws": {"low": "low-gian"}}, "low-gain"),
        ({"settings": {"trainer": {"epoch": 1}}}, "epochs"),
    ],
)
def test_what_does_not_go(make_study, plugins, tmp_path, changes, said):
    with pytest.raises(SettingsError, match=said):
        prepare_study(make_study(**changes), plugins, tmp_path / "out", base=tmp_path)


def test_unknown_names_and_patterns(make_study, plugins, tmp_path):
    with pytest.raises(UnknownNameError, match="classifier"):
        prepare_study(
            make_study(methods={"a": "clasifier"}), plugins, tmp_path / "out", base=tmp_path
        )
    study = prepare_study(make_study(), plugins, tmp_path / "out", base=tmp_path)
    assert len(some_cells(study, ["dann/*", "*/seed-2"]).cells) == 4
    with pytest.raises(SettingsError, match="called as in contrastive/nominal/seed-1"):
        some_cells(study, ["x"])


def test_files_in_the_settings_are_beside_the_study_file(make_study, plugins, tmp_path):
    settings = {**make_study().settings, "schema": "my.yaml", "pretrained": "old/model.ckpt"}
    study = make_study(methods={"plain": "classifier"}, settings=settings)
    planned = prepare_study(study, plugins, tmp_path / "out", base=tmp_path)
    made = planned.each[planned.cells[0]]
    assert made.schema_source == str(tmp_path / "my.yaml")
    assert made.pretrained.checkpoint == str(tmp_path / "old" / "model.ckpt")


def test_keys_without_a_schema_key_do_not_depend_on_other_samples():
    """A cell with a target has more files before those of the throws."""
    throw = np.array([0, 0, 1, 1], dtype=np.int32)
    few = {"event_id": np.array([[1, 5], [2, 5], [3, 5], [3, 6]])}
    more = {"event_id": few["event_id"] + np.array([2, 0])}
    entries = _keys(few, throw)["entry"]
    assert np.array_equal(entries, _keys(more, throw)["entry"])
    assert len(set(zip(throw, entries, strict=True))) == 4


def test_a_changed_file_of_a_glob_changes_the_fingerprint(make_study, plugins, tmp_path):
    study = make_study(
        detector=None,
        simulation=None,
        domains={"mc": {"files": ["mc/*.root"]}},
        throws={"data": {"files": ["data.root"]}},
        methods={"plain": "classifier"},
        settings={"schema": "my.yaml"},
    )
    (tmp_path / "mc").mkdir()
    file = tmp_path / "mc" / "a.root"
    file.write_bytes(b"one")
    (tmp_path / "data.root").write_bytes(b"two")
    planned = prepare_study(study, plugins, tmp_path / "out", base=tmp_path)
    settings = planned.each[planned.cells[0]]
    before = cell_fingerprint(settings)
    assert cell_fingerprint(settings) == before
    file.write_bytes(b"longer")
    assert cell_fingerprint(settings) != before
