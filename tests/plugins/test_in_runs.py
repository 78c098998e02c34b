"""What plugins bring to a real run and to a real study, and when their hooks are called."""

from __future__ import annotations

import copy
import importlib
import json
import re
from pathlib import Path

import pytest

from hitclr.config import StudySettings, make_settings
from hitclr.errors import PluginError
from hitclr.plugins import hookspecs, load_plugins
from hitclr.reports import read_tables
from hitclr.runs import TrainedRun, train
from hitclr.runs.study import prepare_study, run_study, write_study

HERE = Path(__file__).parent
SEEN = "What &lt;the&gt; recorder saw"


@pytest.fixture
def recorder(install):
    install("recorder", (HERE / "recorder.py").read_text())
    load_plugins()
    module = importlib.import_module("dist_recorder_plugin")
    module.CALLS.clear()
    return module


@pytest.fixture
def settings(toy_settings, tmp_path):
    content = copy.deepcopy(toy_settings)
    content["trainer"]["epochs"] = 2
    content["out"] = str(tmp_path / "run")
    return content


def names(calls):
    return [name for name, _ in calls]


def test_a_run_calls_the_hooks_in_order_with_what_they_are_to_get(recorder, settings, tmp_path):
    made = make_settings(settings)
    plugins = load_plugins()
    registering = sorted(name for name in hookspecs.__all__ if name.startswith("register_"))
    assert sorted(names(recorder.CALLS)) == registering
    recorder.CALLS.clear()
    run = train(made, plugins, base=tmp_path)

    first, *loading, last = recorder.CALLS
    assert first == ("before_training", {"settings": made, "prepared": True})
    assert last[0] == "after_training"
    assert last[1]["settings"] is made
    assert last[1]["run"] is run
    assert isinstance(run, TrainedRun)
    assert run.report is not None
    assert run.report.exists()
    assert set(names(loading)) == {"after_loading"}
    steps = [(c["epoch"], c["split"], c["step"]) for _, c in loading]
    number = {split: sum(s[1] == split for s in steps) // 2 for split in ("train", "validation")}
    assert number["train"] > 1
    assert steps == [
        (epoch, split, step)
        for epoch in (0, 1)
        for split in ("train", "validation")
        for step in range(number[split])
    ]
    events = sum(c["views"][1] for _, c in loading if c["split"] == "train") / 2
    assert events == len(run.evaluation.splits["train"])
    assert {(c["views"][0], c["views"][2]) for _, c in loading} == {(2, True)}, "views, with edges"

    tables = read_tables(run.out)
    found = {row.metric: row for row in tables.results.scores}
    order = [
        "accuracy",
        "largest class",
        "balanced accuracy",
        "AUC",
        "recorder share right",
        "recorder width",
    ]
    per_group = len(found)
    assert [row.metric for row in tables.results.scores][:per_group] == order
    every = [row for row in tables.results.scores if not row.sample]
    right = next(row for row in every if row.metric == "accuracy")
    own = next(row for row in every if row.metric == "recorder share right")
    assert own.value == right.value
    assert (own.low, own.high) == (None, None)
    wide = next(row for row in every if row.metric == "recorder width")
    test = tables.events.embedding[tables.events.split == 2]
    assert wide.value == pytest.approx(test.std(), rel=1e-5)
    assert (wide.low, wide.high, wide.note) == (0.0, 9.0, "no more than a guess")

    page = run.report.read_text()
    assert f"<h2>{SEEN}</h2>" in page
    assert f"The recorder saw {len(tables.events.embedding)} events." in page
    assert "one &lt;line&gt;" in page
    assert "recorder share right" in page
    assert "Never to be seen" not in page
    assert {p.name for p in run.report.parent.glob("section-*")} == {
        "section-recorder-seen-1.png",
        "section-recorder-seen-1.pdf",
    }


FAILING = {
    "before_training": "def before_training(settings):\n    1 / 0",
    "after_loading": "def after_loading(step):\n    1 / 0",
    "after_training": "def after_training():\n    1 / 0",
    "register_metrics": (
        "def register_metrics(registrar):\n    registrar.add('failing-one', lambda events: 1 / 0)"
    ),
    "register_report_sections": (
        "def register_report_sections(registrar):\n    registrar.add('failing-one', Failing())"
    ),
}
SECTION = """
from matplotlib.figure import Figure
from hitclr.reports import Drawing, ReportSection

class Failing(ReportSection):
    title = "none"

    def of_run(self, tables):
        figure = Figure()
        figure.text(0, 0, str(1 / 0))
        return [Drawing(figure, "", "")]
"""


@pytest.mark.parametrize("hook", FAILING)
def test_a_hook_that_fails_ends_the_run_and_is_named(install, settings, tmp_path, hook):
    install("failing", f"{SECTION}\nimport hitclr\n\n@hitclr.hookimpl\n{FAILING[hook]}\n")
    settings["trainer"]["epochs"] = 1
    out = tmp_path / "run"
    plugins = load_plugins()
    assert [info.error for info in plugins.infos] == ["", ""]
    earlier = out / "results.json"
    out.mkdir()
    earlier.write_text("earlier")
    (out / "run-settings.yaml").touch()
    with pytest.raises(PluginError) as caught:
        train(
            make_settings(settings),
            plugins,
            base=tmp_path,
            overwrite=True,
            report=hook == "register_report_sections",
        )
    for part in (
        "plugin 'failing' (dist-failing 1.2)",
        f"hook {hook}",
        "ZeroDivisionError: division by zero",
        "--no-plugin failing",
    ):
        assert part in str(caught.value)
    assert (out / "model.ckpt").exists() == (hook not in ("before_training", "after_loading"))
    kept = earlier.exists() and earlier.read_text() == "earlier"
    assert kept == (hook == "before_training"), "refused before an earlier run is deleted"


def test_a_study_has_what_plugins_bring(recorder, install, tmp_path, monkeypatch):
    toy = (HERE.parent / "runs" / "toy_detector.py").read_text()
    install("toys", toy)
    study_settings = StudySettings.model_validate(
        {
            "title": "toy",
            "detector": "toy",
            "simulation": {"train": 60, "test": 30, "energy": (5.0, 10.0)},
            "domains": {"nominal": "nominal"},
            "throws": {"nominal": "nominal", "low": {"set": {"gain": 8.0}}},
            "settings": {
                "encoder": {"name": "pointnet", "size": "tiny"},
                "trainer": {"epochs": 1, "accelerator": "cpu"},
                "data": {"batch_size": 32, "feed": "memory", "cache": None},
            },
            "methods": {"classifier": "classifier"},
            "seeds": (1,),
        }
    )
    plugins = load_plugins(["km3net"])
    study = prepare_study(study_settings, plugins, tmp_path / "study", base=tmp_path)
    disabled = []
    load = load_plugins

    def loading(names):
        disabled.append(names)
        return load(names)

    monkeypatch.setattr("hitclr.runs.study.cell.load_plugins", loading)
    assert run_study(study, plugins, threads=1) == ()
    assert disabled == [("km3net",)], "what is left out is left out in cells, too"
    called = names(recorder.CALLS)
    assert called.count("before_training") == called.count("after_training") == 1
    assert "after_study" not in called
    page = write_study(study, plugins)
    assert recorder.CALLS[-1] == ("after_study", {"folder": study.out})
    rows = json.loads((study.out / "study.json").read_text())["scores"]
    found = {row["throw"]: row for row in rows if row["metric"] == "recorder width"}
    assert set(found) == {"nominal", "low"}
    assert found["low"]["high"] == 9.0
    text = page.read_text()
    assert "<h2>Further metrics</h2>" in text
    assert "recorder width, worst throw" in text
    assert f"<h2>{SEEN}</h2>" in text
    assert "The recorder saw 2 throws." in text
    markdown = (page.parent / "report.md").read_text()
    assert re.search(r"## What &lt;the&gt; recorder saw\n\nThe recorder saw 2 throws", markdown)
    assert "![A line.](section-recorder-seen-1.png)" in markdown
