"""Runs whose views come from a detector or from other simulations of the same events."""

from __future__ import annotations

import json

import awkward as ak
import numpy as np
import pytest
import torch

from hitclr import build
from hitclr.config import override_settings
from hitclr.errors import CheckpointError, SettingsError
from hitclr.plugins import load_plugins
from hitclr.reports import write_report
from hitclr.rng import generator
from hitclr.runs import embed_files, load_model

NUMBER = 80


@pytest.fixture(scope="module")
def deposits(make_deposits):
    return make_deposits(list(range(1000, 1000 + NUMBER)))


@pytest.fixture(scope="module")
def plugins(cells):
    loaded = load_plugins()
    loaded.detectors.add("cells", cells, "test")
    return loaded


@pytest.fixture(scope="module")
def files(deposits, cells, write, tmp_path_factory):
    """The events under two throws, the second with fewer of them and in another order."""
    folder = tmp_path_factory.mktemp("cells")
    (folder / "deposits.root").write_bytes(b"read from memory")
    for name, gain, events in (
        ("nominal", 10.0, torch.arange(NUMBER)),
        ("thrown", 13.0, torch.arange(NUMBER - 11, -1, -1)),
    ):
        part = deposits.select(events)
        throws = cells.draw(len(part), generator(0), {"gain": (gain, gain)})
        made = cells.respond(part, throws, generator(0))
        counts = made.hits_per_event().numpy()
        columns = {
            f"hit_{axis}": made.hits["pos"][:, place].numpy() for place, axis in enumerate("xyz")
        }
        columns |= {
            "hit_t": made.hits["x"][:, 0].numpy(),
            "hit_q": made.hits["x"][:, 1].numpy(),
            "hit_deposits": made.hits["hit_deposits"].numpy(),
        }
        jagged = {column: ak.unflatten(values, counts) for column, values in columns.items()}
        pdg = part.truth["pdg"].numpy().astype(np.int32)
        write(folder / f"{name}.root", {**jagged, "pdg": pdg, "event": part.truth["event"].numpy()})
    return folder


@pytest.fixture
def run(
    files, deposits, plugins, cells_schema, toy_settings, tmp_path, monkeypatch, train_without_page
):
    monkeypatch.setattr(build, "read_deposits", lambda _: deposits)

    def run(*overrides, out="run", views=None, samples=None, **options):
        content = {
            **toy_settings,
            "schema": cells_schema,
            "data": {
                "samples": samples or {"nominal": "nominal.root"},
                "split": {"validation": 0.15, "test": 0.25},
                "batch_size": 16,
            },
            "views": views or {},
            "trainer": {"epochs": 2, "accelerator": "cpu"},
        }
        settings = override_settings(content, [*overrides, f"out={tmp_path / out}"])
        return train_without_page(settings, plugins, base=files, **options)

    return run


AGAIN = {"resimulate": {"detector": "cells", "deposits": "deposits.root"}}
PAIR = {"pair": ["nominal", "thrown"]}
SAMPLES = {"nominal": "nominal.root", "thrown": {"files": "thrown.root", "use": "views"}}


def history(done):
    return json.loads((done.out / "results.json").read_text())["history"]


@pytest.mark.parametrize(
    ("views", "samples", "augmentations", "step"),
    [
        (AGAIN, None, [{"name": "rotation"}], "resimulate: hits made anew by cells, with"),
        (PAIR, SAMPLES, [], "pair: each view is one of the event's simulations in nominal, thrown"),
    ],
    ids=["resimulate", "pair"],
)
def test_workers_do_not_change_the_losses(run, views, samples, augmentations, step, plugins):
    views = {**views, "augmentations": augmentations}
    here = run(views=views, samples=samples, out="a")
    there = run("data.num_workers=2", views=views, samples=samples, out="b")
    assert history(here) == history(there)
    assert here.evaluation.scores == there.evaluation.scores
    assert np.isfinite([row["train_loss"] for row in history(here)]).all()
    with np.load(here.out / "views.npz") as arrays:
        steps = arrays["steps"].tolist()
        first, second = arrays["first_x"], arrays["second_x"]
        assert first.shape != second.shape or not np.array_equal(first, second)
    assert steps[0].startswith(step)
    assert len(steps) == 1 + len(augmentations)
    assert step.split(":")[0] in write_report(here.out).read_text()
    load_model(here.model, plugins)


def test_a_choice_of_augmentations_is_one_step_of_the_recipe(run):
    names = ["rotation", {"name": "hit-dropout", "fraction": 0.1}]
    done = run("trainer.epochs=1", views={**AGAIN, "augmentations": names, "choose": 3})
    source, step = done.evaluation.views["steps"].tolist()
    assert source.startswith("resimulate")
    assert step == (
        "3 of these, drawn per event with replacement: rotation; hit-dropout fraction=0.1"
    )


def test_partners_are_not_trained_tested_or_scored(run):
    done = run("trainer.epochs=1", views=PAIR, samples=SAMPLES)
    results = json.loads((done.out / "results.json").read_text())
    counts = results["counts"]
    assert {row["sample"] for row in counts} == {"nominal"}
    assert sum(row[name] for row in counts for name in ("train", "validation", "test")) == NUMBER
    assert done.evaluation.events["embedding"].shape[0] == NUMBER
    assert set(done.evaluation.events["domain"].tolist()) == {0}
    assert set(done.evaluation.events["split"].tolist()) == {0, 1, 2}
    with np.load(done.out / "events.npz") as arrays:
        assert len(arrays["y"]) == NUMBER
    alone = run("trainer.epochs=1", views={"augmentations": [{"name": "identity"}]}, out="alone")
    events = [done.evaluation.events["split"], alone.evaluation.events["split"]]
    assert np.array_equal(*events), "the sides do not depend on the partners"


def test_the_probe_sees_re_simulated_views(run, monkeypatch):
    from hitclr.runs import evaluate

    asked = []
    embed = evaluate.embed_events

    def noting(*arguments, **options):
        asked.append((options.get("views", 0), options.get("source")))
        return embed(*arguments, **options)

    monkeypatch.setattr(evaluate, "embed_events", noting)
    run("trainer.epochs=1", views=AGAIN)
    (views, source), (none, _) = asked
    assert views == 2
    assert type(source).__name__ == "ResimulatedViews"
    assert none == 0


def test_resume_needs_the_same_deposits(run, files):
    done = run("trainer.epochs=1", views=AGAIN)
    text = (done.out / "run-settings.yaml").read_text()
    assert str(files / "deposits.root") in text, "found from anywhere"
    run("trainer.epochs=1", views=AGAIN, resume=True)
    file = files / "deposits.root"
    before = file.read_bytes()
    try:
        file.write_bytes(b"others")
        with pytest.raises(CheckpointError, match="its inputs changed"):
            run("trainer.epochs=1", views=AGAIN, resume=True)
    finally:
        file.write_bytes(before)


def test_a_classifier_trains_on_the_events_as_they_are(run):
    one = run("method=classifier", "trainer.epochs=1", views=AGAIN, out="a")
    two = run("method=classifier", "trainer.epochs=1", out="b")
    assert history(one) == history(two)


def test_embedding_needs_no_keys(run, files, plugins, write, tmp_path, make_columns):
    done = run("trainer.epochs=1", views=AGAIN)
    columns = {n: v for n, v in make_columns(7, 0, "track").items() if n.startswith("hit_")}
    columns["hit_deposits"] = columns["hit_module"]
    path = write(tmp_path / "data.root", columns)
    assert embed_files(done.model, [path], tmp_path / "out.root", plugins) == []


def test_what_does_not_fit_is_said_before_training(run, deposits, monkeypatch):
    with pytest.raises(SettingsError, match=r"give views\.pair or views\.resimulate"):
        run()
    monkeypatch.setattr(build, "read_deposits", lambda _: deposits.select(torch.arange(60)))
    with pytest.raises(SettingsError, match="deposits of every training event") as caught:
        run(views=AGAIN)
    assert "nominal.root" in str(caught.value)
    assert "deposits.root" in str(caught.value)
