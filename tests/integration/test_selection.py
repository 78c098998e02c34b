"""Choosing a model, target domains whose labels are hidden, few labels, pretrained encoders."""

from __future__ import annotations

import json
import math
from collections import Counter

import pytest
import torch

from hitclr.config import override_settings
from hitclr.errors import CheckpointError, SettingsError
from hitclr.plugins import load_plugins
from hitclr.reports import write_report
from hitclr.runs import load_model
from hitclr.runs.evaluate import fed_table
from hitclr.runs.prepare import prepare


@pytest.fixture(scope="module")
def plugins():
    return load_plugins()


@pytest.fixture(scope="module")
def shifted_files(tmp_path_factory, make_columns, write):
    """More tracks and showers, the target domain."""
    folder = tmp_path_factory.mktemp("shifted")
    return {
        kind: str(write(folder / f"{kind}.root", make_columns(40, 7 + seed, kind)))
        for seed, kind in enumerate(("track", "shower"))
    }


@pytest.fixture
def settings(toy_settings, shifted_files, tmp_path):
    """Settings with a target domain, labelled, whose labels are to be hidden."""

    def make(*overrides):
        samples = dict(toy_settings["data"]["samples"])
        for kind, file in shifted_files.items():
            samples[f"target-{kind}"] = {"files": file, "label": kind}
        data = {**toy_settings["data"], "samples": samples}
        data["target"] = ["target-track", "target-shower"]
        content = {**toy_settings, "data": data, "method": {"name": "classifier"}}
        content["trainer"] = {"epochs": 3, "accelerator": "cpu"}
        return override_settings(content, [f"out={tmp_path / 'run'}", *overrides])

    return make


def results(run):
    return json.loads((run.out / "results.json").read_text())


@pytest.mark.parametrize("method", ["classifier", "contrastive"])
def test_training_sees_no_label_of_the_target(settings, plugins, tmp_path, method):
    prepared = prepare(settings(f"method.name={method}"), plugins, base=tmp_path)
    store = prepared.feed.store
    target = store.events["domain"] >= 2
    assert bool((store.labels[target] == -1).all())
    assert bool((prepared.truth[target] >= 0).all())
    seen = torch.cat([views[0].domain for views in prepared.data.train_dataloader()])
    known = torch.cat([views[0].y for views in prepared.data.train_dataloader()])
    assert bool((known[seen >= 2] == -1).all())
    assert bool((seen >= 2).any()) == (method == "contrastive"), "what a classifier has no use for"


@pytest.mark.parametrize(
    ("method", "own", "of_target"),
    [
        ("classifier", {0, 1}, None),
        ("contrastive", {0, 1, 2, 3}, None),
        ("oracle", {2, 3}, None),
        ("dann", {0, 1}, "beside"),
        ("adabn", {0, 1}, "after"),
    ],
)
def test_the_table_of_what_a_method_was_fed(settings, plugins, tmp_path, method, own, of_target):
    """Against the events in the steps of an epoch."""
    data = prepare(settings(f"method.name={method}"), plugins, base=tmp_path).data
    names = data.feed.store.domain_names
    table = fed_table(data)
    for split, loader in (
        ("train", data.train_dataloader()),
        ("validation", data.val_dataloader()),
    ):
        every, unlabelled, of_others = Counter(), Counter(), set()
        for batch, *_ in loader:
            for domain, label, event in zip(
                batch.domain.tolist(), batch.y.tolist(), batch.event_id.tolist(), strict=True
            ):
                if domain in own:
                    every[names[domain]] += 1
                    unlabelled[names[domain]] += label < 0
                else:
                    of_others.add((names[domain], *event))
        rows = [row for row in table if row["set"] == split]
        steps = [row for row in rows if row["use"] == "steps"]
        assert {row["sample"]: row["events"] for row in steps} == every
        assert {row["sample"]: row["unlabelled"] for row in steps} == unlabelled
        others = [row for row in rows if row["use"] != "steps"]
        assert all(row["unlabelled"] == row["events"] for row in others)
        if of_target == "after":
            assert not of_others
            targets = data.target["train"] if split == "train" else ()
            assert sum(row["events"] for row in others) == len(targets)
        else:
            assert Counter(sample for sample, *_ in of_others) == {
                row["sample"]: row["events"] for row in others
            }
        assert {row["use"] for row in others} <= {of_target}


def test_the_report_tells_what_the_method_was_fed(settings, plugins, tmp_path, train_without_page):
    run = train_without_page(settings("trainer.epochs=1"), plugins, base=tmp_path)
    table = results(run)
    rows = [row for row in table["fed"] if row["set"] == "train"]
    assert {row["sample"] for row in rows} == {"track", "shower"}
    events = sum(row["events"] for row in rows)
    assert events < sum(row["train"] for row in table["counts"]), "the target's events are others"
    page = write_report(run.out).read_text()
    assert f"on {events} events of 2 classes (track, shower) from 2 samples" in page


def test_target_events_are_scored_with_their_true_labels(
    settings, plugins, tmp_path, train_without_page
):
    run = train_without_page(settings(), plugins, base=tmp_path)
    rows = [row for row in results(run)["scores"] if row["metric"] == "accuracy"]
    assert {row["sample"] for row in rows} >= {"target-track", "target-shower"}
    counts = {(row["sample"], row["class"]) for row in results(run)["counts"]}
    assert ("target-track", "track") in counts


@pytest.mark.parametrize(
    "validator",
    ["validation-loss", "source-accuracy", "bnm"],
)
def test_the_model_of_the_best_epoch_is_kept(
    settings, plugins, tmp_path, validator, train_without_page
):
    run = train_without_page(settings(f"select={validator}"), plugins, base=tmp_path)
    chosen = results(run)["selection"]
    best = max(chosen["scores"], key=lambda row: row["score"])
    assert chosen["validator"] == validator
    assert len(chosen["scores"]) == 3
    assert chosen["epoch"] == best["epoch"]


def test_the_kept_weights_are_those_of_the_chosen_epoch(
    settings, plugins, tmp_path, monkeypatch, train_without_page
):
    """A validator that likes the first epoch gives the weights of a run of one epoch."""
    from hitclr.studies.validators import ValidationLoss

    scores = iter([3.0, 2.0, 1.0])
    monkeypatch.setattr(ValidationLoss, "__call__", lambda self, outputs: next(scores))
    kept = train_without_page(settings("select=validation-loss"), plugins, base=tmp_path)
    assert results(kept)["selection"]["epoch"] == 0
    last = torch.load(kept.out / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    chosen = load_model(kept.model, plugins).method.state_dict()
    assert not torch.equal(last["head.linear.weight"], chosen["head.linear.weight"])
    best = torch.load(kept.out / "checkpoints" / "last.ckpt", weights_only=True)["callbacks"]
    (state,) = [value for key, value in best.items() if "Selection" in key]
    assert torch.equal(state["best"]["head.linear.weight"], chosen["head.linear.weight"])
    assert [row["score"] for row in state["rows"]] == [3.0, 2.0, 1.0]


@pytest.mark.parametrize(
    ("scores", "best"),
    [
        ([-math.inf, -2.0, -3.0], 1),
        ([-2.0, math.inf, -1.0], 2),
        ([-math.inf, -math.inf, -math.inf], None),
    ],
)
def test_an_epoch_with_an_infinite_score_is_not_chosen(
    settings, plugins, tmp_path, monkeypatch, train_without_page, scores, best
):
    from hitclr.studies.validators import ValidationLoss

    coming = iter(scores)
    monkeypatch.setattr(ValidationLoss, "__call__", lambda self, outputs: next(coming))
    run = train_without_page(settings("select=validation-loss"), plugins, base=tmp_path)
    chosen = results(run)["selection"]
    assert chosen["epoch"] == best
    assert [row["score"] for row in chosen["scores"]] == [
        score if math.isfinite(score) else None for score in scores
    ]
    said = "infinite in each epoch" if best is None else f"that of epoch {best + 1} was kept"
    assert said in write_report(run.out).read_text()
    last = torch.load(run.out / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    kept = load_model(run.model, plugins).method.state_dict()
    same = torch.equal(last["head.linear.weight"], kept["head.linear.weight"])
    assert same == (best in (None, 2))


def test_a_resumed_run_chooses_as_one_that_was_not_stopped(
    settings, plugins, tmp_path, train_without_page
):
    import lightning as L

    class Stop(L.Callback):
        def on_train_epoch_start(self, trainer, pl_module):
            if trainer.current_epoch == 2:
                raise KeyboardInterrupt

    whole = train_without_page(
        settings("select=snd", f"out={tmp_path / 'whole'}"), plugins, base=tmp_path
    )
    with pytest.raises(KeyboardInterrupt):
        train_without_page(settings("select=snd"), plugins, base=tmp_path, callbacks=[Stop()])
    resumed = train_without_page(settings("select=snd"), plugins, base=tmp_path, resume=True)
    assert results(resumed)["selection"] == results(whole)["selection"]
    one, two = (load_model(run.model, plugins).method.state_dict() for run in (whole, resumed))
    assert all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["select=entropy", "data.target=[]"], "no validation events of a target"),
        (["select=snd", "method.name=contrastive"], "select: validation-loss"),
        (["select=entropy", "data.split.validation=0"], "no validation events"),
    ],
)
def test_a_validator_that_cannot_score_is_refused(
    settings, plugins, tmp_path, overrides, message, train_without_page
):
    with pytest.raises(SettingsError, match=message):
        train_without_page(settings(*overrides), plugins, base=tmp_path)


def test_the_oracles_choice_is_named_as_such(settings, plugins, tmp_path, train_without_page):
    run = train_without_page(settings("select=target-accuracy"), plugins, base=tmp_path)
    assert results(run)["selection"]["looks_at"] == "truth"
    assert "chosen by labels of the target domain" in write_report(run.out).read_text()


def test_probes_on_few_labels(settings, plugins, tmp_path, train_without_page):
    run = train_without_page(
        settings("probe.fractions=[0.3, 0.01, 1.0]", "method.name=contrastive"),
        plugins,
        base=tmp_path,
    )
    rows = [row for row in results(run)["few_labels"] if row["sample"] == ""]
    found = {row["fraction"]: row for row in rows if row["metric"] == "accuracy"}
    assert list(found) == [0.01, 0.3, 1.0]
    none = found[0.01]
    assert none["value"] is None, "1 % of these few events leave a class out"
    assert "no event of class" in none["note"]
    assert none["note"] in write_report(run.out).read_text()
    assert (
        found[0.3]["labels"]
        < found[1.0]["labels"]
        == len([y for y in run.evaluation.events["split"] if y == 0]) - _target_events(run)
    )
    whole = [row for row in results(run)["scores"] if row["sample"] == ""]
    assert found[1.0]["value"] == next(r["value"] for r in whole if r["metric"] == "accuracy")


def test_a_classifier_is_read_out_by_a_probe_too(settings, plugins, tmp_path, train_without_page):
    asked = settings("probe.fractions=[1.0]", "method.name=classifier")
    run = train_without_page(asked, plugins, base=tmp_path)
    rows = {(row["metric"], row["sample"]): row["value"] for row in results(run)["few_labels"]}
    assert rows["accuracy", ""] > 0.7, "two classes that are easily told apart"


def _target_events(run):
    events = run.evaluation.events
    return int(((events["domain"] >= 2) & (events["split"] == 0)).sum())


def test_a_pretrained_encoder_is_taken_over_and_frozen(
    settings, plugins, tmp_path, train_without_page
):
    first = train_without_page(
        settings("method.name=contrastive", f"out={tmp_path / 'first'}"), plugins, base=tmp_path
    )
    taken = load_model(first.model, plugins).method
    run = train_without_page(
        settings(f"pretrained.checkpoint={first.model}", "pretrained.train=none"),
        plugins,
        base=tmp_path,
    )
    tuned = load_model(run.model, plugins).method
    for part in ("encoder", "norm"):
        one, two = (getattr(method, part).state_dict() for method in (taken, tuned))
        assert all(torch.equal(one[name], two[name]) for name in one)
    run = train_without_page(
        settings(
            f"pretrained.checkpoint={first.model}",
            "pretrained.train=[head, norm]",
            f"out={tmp_path / 'last-layers'}",
        ),
        plugins,
        base=tmp_path,
    )
    tuned = load_model(run.model, plugins).method.encoder.state_dict()
    changed = {
        name.split(".")[0]
        for name, value in taken.encoder.state_dict().items()
        if not torch.equal(value, tuned[name])
    }
    assert changed == {"head", "norm"}


@pytest.mark.parametrize(
    ("overrides", "error", "message"),
    [
        (["encoder.channels=8"], CheckpointError, "not that of this run"),
        (["pretrained.train=[hedd]"], SettingsError, "head"),
        (["pretrained.checkpoint=nothing.ckpt"], CheckpointError, r"nothing\.ckpt"),
    ],
)
def test_a_pretrained_encoder_that_does_not_fit(
    settings, plugins, tmp_path, overrides, error, message, train_without_page
):
    first = train_without_page(settings("trainer.epochs=1"), plugins, base=tmp_path)
    content = settings(
        f"pretrained.checkpoint={first.model}", f"out={tmp_path / 'next'}", *overrides
    )
    with pytest.raises(error, match=message):
        train_without_page(content, plugins, base=tmp_path)


def test_what_does_not_go_together_deletes_no_earlier_run(
    settings, plugins, tmp_path, train_without_page
):
    earlier = train_without_page(settings("trainer.epochs=1"), plugins, base=tmp_path)
    with pytest.raises(SettingsError, match="select"):
        train_without_page(
            settings("select=entropy", "data.target=[]"), plugins, base=tmp_path, overwrite=True
        )
    assert earlier.model.exists()
