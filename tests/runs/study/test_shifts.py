"""Leaving shifts out: which throws are theirs, and what a training is without them."""

from __future__ import annotations

import json
import sys

import numpy as np
import pyarrow.parquet
import pytest

from hitclr.errors import SettingsError
from hitclr.runs.study import PlannedCell, prepare_study, run_study, write_study
from hitclr.runs.study import cell as cell_module

SHIFTS = {
    "gain": {"parameters": "gain", "views": "charge-scale"},
    "noise": {"parameters": ["noise"], "views": ["charge-smear"]},
}
THROWS = {
    "nominal": "nominal",
    "low": {"set": {"gain": 8.0}},
    "noisy": {"set": {"noise": 2.0}},
    "both": {"set": {"gain": 9.0, "noise": 2.0}},
}
METHODS = {
    "contrastive": {"method": "contrastive", "leave_out": "each"},
    "thrown": {
        "method": "random-throws",
        "leave_out": ["noise"],
        "settings": {"views": {"resimulate": {}, "augmentations": ["rotation"]}},
    },
    "plain": {"method": "classifier", "leave_out": "each"},
}

PLAIN = {"plain": "classifier"}
LOW = {"nominal": "nominal", "low": {"set": {"gain": 8.0}, "shift": "gain"}}


@pytest.fixture
def prepared(make_study, plugins, tmp_path):
    def made(**changes):
        content = {"shifts": SHIFTS, "throws": THROWS, "methods": METHODS, "seeds": (1,)}
        settings = {
            **make_study().settings,
            "views": {"augmentations": ["rotation", "charge-scale", {"name": "charge-smear"}]},
        }
        study = make_study(**{**content, "settings": settings, **changes})
        return prepare_study(study, plugins, tmp_path / "out", base=tmp_path)

    return made


def test_throws_and_trainings(prepared):
    study = prepared()
    assert study.shifts == {"gain": ("low",), "noise": ("noisy",)}, "both belongs to none"
    assert [cell.name for cell in study.cells] == [
        "contrastive/nominal/seed-1",
        "contrastive/nominal/without-gain/seed-1",
        "contrastive/nominal/without-noise/seed-1",
        "thrown/nominal/seed-1",
        "thrown/nominal/without-noise/seed-1",
        "plain/nominal/seed-1",
    ], "a classifier on the events as they are shows no shift, so it has no training without"
    assert study.modelled == {
        ("contrastive", "nominal"): {"gain", "noise"},
        ("thrown", "nominal"): {"gain", "noise"},
        ("plain", "nominal"): frozenset(),
    }


def test_views_and_throws_of_the_shift_are_left_out(prepared):
    study = prepared()
    views = study.each[PlannedCell("contrastive", "nominal", None, 1, "gain")].views
    assert [one.name for one in views.augmentations] == ["rotation", "charge-smear"]
    thrown = study.each[PlannedCell("thrown", "nominal", None, 1, "noise")].views
    assert thrown.resimulate.vary == ("gain",)
    methods = {
        "thrown": {
            "method": "random-throws",
            "leave_out": "each",
            "settings": {"views": {"resimulate": {"vary": {"gain": [8, 9], "noise": [1, 2]}}}},
        }
    }
    study = prepared(methods=methods)
    thrown = study.each[PlannedCell("thrown", "nominal", None, 1, "gain")].views
    assert thrown.resimulate.vary == {"noise": (1, 2)}


def test_what_was_begun_with_shows_its_shifts(prepared):
    methods = {
        "first": {"method": "contrastive", "leave_out": "each"},
        "later": {
            "method": "classifier",
            "begin_with": "first",
            "leave_out": ["noise"],
            "settings": {"pretrained": None},
        },
        "plain": {"method": "classifier", "leave_out": "each", "seeds": [2]},
        "after plain": {
            "method": {"name": "classifier-aug"},
            "begin_with": "plain",
            "leave_out": ["noise"],
            "seeds": [2],
        },
    }
    study = prepared(methods=methods, seeds=(1, 2))
    assert study.modelled["later", "nominal"] == {"gain", "noise"}
    begins = {c.name: c.begins_with.name for c in study.cells if c.begins_with}
    assert begins == {
        "later/nominal/seed-1": "first/nominal/seed-1",
        "later/nominal/without-noise/seed-1": "first/nominal/without-noise/seed-1",
        "later/nominal/seed-2": "first/nominal/seed-2",
        "later/nominal/without-noise/seed-2": "first/nominal/without-noise/seed-2",
        "after plain/nominal/seed-2": "plain/nominal/seed-2",
        "after plain/nominal/without-noise/seed-2": "plain/nominal/seed-2",
    }
    for cell, settings in study.each.items():
        if cell.begins_with is not None:
            first = study.out / "cells" / cell.begins_with.name / "model.ckpt"
            assert settings.pretrained.checkpoint == str(first)
            assert settings.pretrained.train == "all"


def test_the_augmentations_of_a_detector_are_left_out_too(
    prepared, plugins, make_study, monkeypatch
):
    own = ({"name": "rotation"}, {"name": "charge-scale"}, {"name": "charge-smear"})
    monkeypatch.setattr(type(plugins.detectors.get("toy")), "augmentations", own)
    settings = {**make_study().settings, "views": {"detector": "toy"}}
    study = prepared(settings=settings, methods={"contrastive": METHODS["contrastive"]})
    assert study.modelled["contrastive", "nominal"] == {"gain", "noise"}
    views = study.each[PlannedCell("contrastive", "nominal", None, 1, "gain")].views
    assert [one.name for one in views.augmentations] == ["rotation", "charge-smear"]


def test_several_throws_to_train_on(prepared, tmp_path):
    domains = {"some": {"throws": {"mid": "nominal", "low": "low-gain", "loud": {
        "set": {"noise": 2.0}}}}}  # fmt: skip
    methods = {"vrex": {"method": "vrex", "leave_out": "each"}}
    study = prepared(domains=domains, methods=methods)
    whole = study.each[PlannedCell("vrex", "some", None, 1)].data.samples
    assert [(name, one.entries) for name, one in whole.items() if one.use == "split"] == [
        ("some: mid", (0, 20)),
        ("some: low", (20, 40)),
        ("some: loud", (40, 60)),
    ], "as many events as one throw would have"
    assert whole["some: low"].files == (str(tmp_path / "out/data/train/some--low.root"),)
    without = study.each[PlannedCell("vrex", "some", None, 1, "gain")].data.samples
    assert [(name, one.entries) for name, one in without.items() if one.use == "split"] == [
        ("some: mid", (0, 30)),
        ("some: loud", (30, 60)),
    ]
    files = {"throws": {"a": {"files": "a.root"}, "b": {"files": "b.root"}}}
    study = prepared(domains={"some": files}, methods={"plain": "classifier"})
    samples = study.each[study.cells[0]].data.samples
    assert samples["some: a"].entries == (0, None), "files of one's own are taken whole"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"shifts": {"gain": {"parameters": "gian"}}, "methods": PLAIN, "throws": LOW},
            "shifts.gain.parameters.*gain",
        ),
        (
            {
                "shifts": {"gain": {"parameters": "gain", "views": "charge-scael"}},
                "methods": PLAIN,
            },
            "charge-scale",
        ),
        ({"throws": LOW}, "no throw belongs"),
        (
            {
                "methods": {
                    "a": {
                        "method": "contrastive",
                        "leave_out": "each",
                        "settings": {"views": {"augmentations": ["charge-scale"]}},
                    },
                    "b": "classifier",
                }
            },
            "no views left",
        ),
        (
            {
                "domains": {"d": {"throws": {"a": "low-gain", "b": {"set": {"gain": 9.0}}}}},
                "methods": {"a": {"method": "vrex", "leave_out": "each"}},
            },
            "all of its throws belong to the shift 'gain'",
        ),
        (
            {"domains": {"nominal": "nominal", "low": "low-gain"}, "methods": PLAIN},
            "domains.low: expected a throw that is nominal .* 'gain', got another gain",
        ),
    ],
)
def test_what_does_not_go(prepared, changes, said):
    with pytest.raises(SettingsError, match=said):
        prepared(**changes)


def test_the_tables_tell_modelled_from_unmodelled(prepared, plugins, monkeypatch):
    monkeypatch.setattr(cell_module, "load_plugins", lambda disabled: plugins)
    methods = {
        "contrastive": {"method": "contrastive", "leave_out": ["noise"]},
        "plain": "classifier",
    }
    study = prepared(methods=methods)
    assert run_study(study, plugins, threads=1) == ()
    page = write_study(study, plugins).read_text()
    table = json.loads((study.out / "study.json").read_text())
    assert table["shifts"][1] == {
        "name": "noise",
        "parameters": ["noise"],
        "views": ["charge-smear"],
        "throws": ["noisy"],
    }
    shown = {
        (row["method"], row["left_out"], row["shift"], row["modelled"])
        for row in table["shift_scores"]
    }
    assert shown == {
        ("contrastive", None, "gain", True),
        ("contrastive", None, "noise", True),
        ("contrastive", "noise", "gain", True),
        ("contrastive", "noise", "noise", False),
        ("plain", None, "gain", False),
        ("plain", None, "noise", False),
    }
    for name in ("scores", "summary", "curve", "confusion", "invariance"):
        seen = [row for row in table[name] if row["method"] == "contrastive"]
        assert len(seen) == len({json.dumps({k: v for k, v in row.items() if k not in (
            "value", "low", "high")}, sort_keys=True) for row in seen})  # fmt: skip
    assert len(table["cost"]) == 3
    assert [row["left_out"] for row in table["losses"]] == [None, "noise", None]
    assert "Modelled and unmodelled shifts" in page
    rows = pyarrow.parquet.read_table(study.out / "scores.parquet").to_pylist()
    assert [row for row in rows if row["left_out"] is None] == table["scores"]
    metrics = [{r["metric"] for r in rows if r["left_out"] == name} for name in (None, "noise")]
    assert metrics[0] == metrics[1] > {"accuracy", "ECE"}
    (left_out,) = (
        row for row in rows if (row["left_out"], row["throw"], row["metric"]) == (
            "noise", "noisy", "accuracy")
    )  # fmt: skip
    events = np.load(study.out / "cells" / study.cells[1].name / "cell.npz")
    mine = events["throw"] == list(THROWS).index("noisy")
    right = events["scores"][mine].argmax(1) == events["y"][mine]
    assert (left_out["method"], left_out["seed"]) == ("contrastive", 1)
    assert left_out["value"] == pytest.approx(right.mean())
    assert left_out["events"] == mine.sum()
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    write_study(study, plugins)
    assert not (study.out / "scores.parquet").exists(), "no scores of another time stay"
