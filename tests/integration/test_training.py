"""Training runs from files to report: workers, resuming, killing, refusing."""

from __future__ import annotations

import copy
import csv
import functools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import lightning as L
import pytest
import torch
import uproot
import yaml

from hitclr.config import load_settings, make_settings, override_settings
from hitclr.errors import CheckpointError, HitclrError, InputError, OutputError, SettingsError
from hitclr.plugins import load_plugins
from hitclr.runs import embed_files, load_model, train
from hitclr.runs.folder import claim_folder


@pytest.fixture(scope="module")
def plugins():
    return load_plugins()


@pytest.fixture
def run(toy_settings, plugins, tmp_path, train_without_page):
    """Train the made-up settings with overrides; into the folder ``out`` of the test."""

    def run(*overrides, out="run", page=False, **options):
        settings = override_settings(toy_settings, [*overrides, f"out={tmp_path / out}"])
        return (train if page else train_without_page)(settings, plugins, base=tmp_path, **options)

    return run


@pytest.fixture(scope="module")
def whole(toy_settings, plugins, tmp_path_factory, train_without_page):
    """Runs of the made-up settings from beginning to end, by their method."""

    @functools.cache
    def whole(method="contrastive"):
        out = tmp_path_factory.mktemp("whole")
        settings = override_settings(toy_settings, [f"method.name={method}", f"out={out}"])
        return train_without_page(settings, plugins, base=out)

    return whole


def history(run):
    return json.loads((run.out / "results.json").read_text())["history"]


def weights(path: Path):
    return torch.load(path, weights_only=True)["state_dict"]


def assert_same_weights(first: Path, second: Path):
    one, two = weights(first), weights(second)
    assert one.keys() == two.keys()
    different = [name for name in one if not torch.equal(one[name], two[name])]
    assert different == []


@pytest.mark.parametrize("method", ["contrastive", "classifier"])
def test_a_run_leaves_model_scores_logs_and_report(run, method, plugins):
    done = run(f"method.name={method}", page=True)
    names = {path.name for path in done.out.iterdir()}
    assert {"model.ckpt", "results.json", "events.npz", "views.npz", "run-settings.yaml"} <= names
    assert done.report.read_text().lower().startswith("<!doctype html>")
    results = json.loads((done.out / "results.json").read_text())
    assert [row["epoch"] for row in results["history"]] == [0, 1, 2, 3]
    tests = [row for row in results["scores"] if row["sample"] == ""]
    assert {row["metric"] for row in tests} == {
        "accuracy",
        "balanced accuracy",
        "AUC",
        "largest class",
    }
    events = sum(row["test"] for row in results["counts"])
    assert all(row["events"] == events for row in tests)
    (log,) = done.out.glob("logs/version_*/metrics.csv")
    with log.open() as lines:
        assert len([row for row in csv.DictReader(lines) if row["train_loss"]]) == 4
    assert list(done.out.glob("tensorboard/version_*/events.out.tfevents.*"))
    model = load_model(done.model, plugins)
    assert model.class_names == ("track", "shower")
    evaluation = done.evaluation
    seen = evaluation.store.batch(evaluation.splits["train"]).x
    torch.testing.assert_close(model.method.norm.mean, seen.mean(0))
    record = torch.load(done.model, weights_only=True)["hitclr"]
    assert record["skipped"] == []
    assert record["settings"]["method"]["name"] == method


def test_it_learns_what_can_be_learnt(run):
    """Lines against balls, 25 epochs: far above the half that guessing gives."""
    done = run("trainer.epochs=25", "optimizer.lr=0.005", "method.name=classifier")
    accuracy = done.evaluation.scores[0]
    assert accuracy["metric"] == "accuracy"
    assert accuracy["value"] > 0.8


def test_workers_do_not_change_the_losses(run, whole):
    here = whole()
    there = run("data.num_workers=2")
    assert history(here) == history(there)
    assert_same_weights(here.model, there.model)


def test_the_seed_changes_the_losses(run, whole):
    assert history(run("seed=6")) != history(whole())


class StopAt(L.Callback):
    """Fails like a dying job when an epoch begins."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_train_epoch_start(self, trainer, pl_module) -> None:
        if trainer.current_epoch == self.epoch:
            raise RuntimeError("the job died")


@pytest.mark.parametrize(
    ("method", "workers"), [("contrastive", 0), ("contrastive", 2), ("classifier", 0)]
)
def test_a_resumed_run_ends_with_the_same_weights(run, whole, tmp_path, method, workers):
    """Against a run without workers: they fetch ahead, and must not do so for another epoch."""
    whole = whole(method)
    changes = (f"method.name={method}", f"data.num_workers={workers}")
    with pytest.raises(RuntimeError, match="the job died"):
        run(*changes, out="cut", callbacks=[StopAt(2)])
    assert not (tmp_path / "cut" / "model.ckpt").exists()
    resumed = run(*changes, out="cut", resume=True)
    assert_same_weights(whole.model, resumed.model)
    assert history(whole) == history(resumed)
    assert whole.evaluation.scores == resumed.evaluation.scores
    # The losses from before the break are still in the logs.
    assert len(list(resumed.out.glob("logs/version_*/metrics.csv"))) == 2


def test_a_resumed_run_counts_the_time_from_before(run, tmp_path):
    """Else the budget table of a study that was stopped would be of the last parts alone."""
    with pytest.raises(RuntimeError, match="the job died"):
        run("method.name=classifier", out="cut", callbacks=[StopAt(1)])
    last = tmp_path / "cut" / "checkpoints" / "last.ckpt"
    content = torch.load(last, weights_only=True)
    assert 0 < content["callbacks"]["History"]["seconds"] < 100
    content["callbacks"]["History"]["seconds"] = before = 1000.0
    torch.save(content, last)
    resumed = run("method.name=classifier", out="cut", resume=True)
    assert before < resumed.seconds["train"] < before + 100


def test_a_killed_process_can_be_resumed(run, whole, toy_settings, tmp_path):
    settings = {**copy.deepcopy(toy_settings), "out": str(tmp_path / "killed")}
    path = tmp_path / "settings.yaml"
    path.write_text(yaml.safe_dump(settings, sort_keys=False))
    code = f"""
import os, signal, pathlib
import lightning as L
from hitclr.config import load_settings
from hitclr.plugins import load_plugins
from hitclr.runs import train

class Kill(L.Callback):
    def on_train_batch_start(self, trainer, module, batch, index):
        if trainer.current_epoch == 2 and index == 1:
            os.kill(os.getpid(), signal.SIGKILL)

settings = load_settings(pathlib.Path({str(path)!r}))
train(settings, load_plugins(), base=pathlib.Path(), callbacks=[Kill()])
"""
    environment = {**os.environ, "HITCLR_DISABLE_PLUGINS": ""}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env=environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()[-2000:]
    resumed = run(out="killed", resume=True)
    assert_same_weights(whole().model, resumed.model)


def test_a_folder_is_not_overwritten_by_accident(run):
    first = run("trainer.epochs=1")
    with pytest.raises(OutputError, match="holds a run already"):
        run("trainer.epochs=1")
    run("trainer.epochs=1", "seed=9", overwrite=True)
    assert json.loads((first.out / "results.json").read_text())["seed"] == 9


def test_resume_needs_a_run_with_the_same_settings(run, toy_files):
    with pytest.raises(CheckpointError, match="nothing to resume"):
        run(resume=True)
    run("trainer.epochs=1")
    with pytest.raises(SettingsError, match=r"trainer\.epochs: 1 -> 2"):
        run("trainer.epochs=2", resume=True)
    files = f"{{shower: {toy_files['shower']}, track: {toy_files['track']}}}"
    with pytest.raises(
        SettingsError, match=r"order of the samples: .track, shower. -> .shower, track"
    ):
        run("trainer.epochs=1", f"data.samples={files}", resume=True)
    run("trainer.epochs=1", "data.num_workers=1", resume=True)


def test_faults_are_found_before_training(run, toy_files, tmp_path):
    with pytest.raises(InputError, match="there is no such file"):
        run(f"data.samples.more={tmp_path / 'gone.root'}")
    with pytest.raises(InputError, match="hit_z"):
        run("schema.positions.branches=[hit_x, hit_y, hit_zz]")
    with pytest.raises(InputError, match="this is a folder"):
        run(f"data.samples.more={tmp_path}")
    for wrong in ("accelerator=abacus", "precision=exact"):
        with pytest.raises(SettingsError, match="Lightning refuses"):
            run(f"trainer.{wrong}")
    with pytest.raises(SettingsError, match="Did you mean temperature"):
        run("method.temperatur=1")
    with pytest.raises(HitclrError, match="no training event of class shower"):
        run(f"data.samples.shower={{files: {toy_files['shower']}, use: test}}")
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_skipped_input_is_counted_in_checkpoint_and_results(run, tmp_path, toy_files):
    bad = tmp_path / "bad.root"
    bad.write_bytes(toy_files["track"].read_bytes()[:3000])
    done = run(
        "trainer.epochs=1",
        "data.on_bad_input=skip",
        f"data.samples.track=[{toy_files['track']}, {bad}]",
        page=True,
    )
    expected = [
        {"unit": "file", "reason": "damaged file", "sample": "track", "class": "track", "count": 1}
    ]
    assert torch.load(done.model, weights_only=True)["hitclr"]["skipped"] == expected
    assert json.loads((done.out / "results.json").read_text())["skipped"] == expected
    assert "damaged file" in done.report.read_text()


def test_a_label_from_a_branch_and_an_unlabelled_sample(run, toy_files, tmp_path):
    real = tmp_path / "real.root"
    real.write_bytes(toy_files["track"].read_bytes())
    rule = "{columns: pdg, classes: {track: [13, -13], shower: [11, -11]}}"
    files = f"[{toy_files['track']}, {toy_files['shower']}]"
    done = run(
        "trainer.epochs=1",
        f"data.samples={{mixed: {{files: {files}, label: {rule}}}, "
        f"real: {{files: {real}, labelled: false}}}}",
    )
    assert {
        row["class"] for row in json.loads((done.out / "results.json").read_text())["counts"]
    } == {
        "track",
        "shower",
        "",
    }


def test_a_representation_without_any_label(run, toy_files, plugins, tmp_path):
    done = run(
        "trainer.epochs=1",
        f"data.samples={{real: {{files: {toy_files['track']}, labelled: false}}}}",
        page=True,
    )
    assert done.evaluation.events["scores"].shape == (60, 0)
    assert done.report.exists()
    embed_files(done.model, [toy_files["track"]], tmp_path / "out.root", plugins)
    with uproot.open(tmp_path / "out.root") as file:
        assert "scores" not in file["hitclr"].keys()  # noqa: SIM118
    with pytest.raises(SettingsError, match="at least two classes"):
        run(
            "method.name=classifier",
            f"data.samples={{real: {{files: {toy_files['track']}, labelled: false}}}}",
            out="b",
        )


def test_no_validation_and_no_test_events(run):
    done = run("trainer.epochs=1", "data.split={validation: 0, test: 0}", page=True)
    assert done.evaluation.scores[0]["value"] is None
    assert done.report.exists()


@pytest.mark.parametrize("sample", ["labelled: true", "labelled: false"])
def test_one_class_or_labels_for_the_test_alone(run, toy_files, sample, plugins):
    """Contrastive training needs no classes; there is just nothing to read out."""
    samples = (
        f"{{a: {{files: {toy_files['track']}, {sample}}}, "
        f"b: {{files: {toy_files['shower']}, label: shower, use: test}}}}"
        if sample == "labelled: false"
        else f"{{a: {{files: {toy_files['track']}}}}}"
    )
    done = run("trainer.epochs=1", f"data.samples={samples}", page=True)
    assert done.evaluation.scores == []
    assert done.report.exists()
    load_model(done.model, plugins)


def test_a_diverged_run_is_not_scored(run):
    with pytest.raises(HitclrError, match="diverged"):
        run("method=classifier", "optimizer.lr=1.0e+30", "trainer.gradient_clip=null")


def test_resume_needs_the_same_schema_and_files(run, toy_settings, toy_files, tmp_path):
    schema = tmp_path / "schema.yaml"
    schema.write_text(yaml.safe_dump(toy_settings["schema"]))
    track = tmp_path / "track.root"
    track.write_bytes(toy_files["track"].read_bytes())
    changes = ("trainer.epochs=1", f"schema={schema}", f"data.samples.track={track}")
    run(*changes)
    schema.write_text(schema.read_text().replace("median", "minimum"))
    with pytest.raises(CheckpointError, match="its schema changed"):
        run(*changes, resume=True)
    schema.write_text(schema.read_text().replace("minimum", "median"))
    track.write_bytes(toy_files["shower"].read_bytes())
    with pytest.raises(CheckpointError, match="its inputs changed") as caught:
        run(*changes, resume=True)
    assert f"{track.resolve()} (track): size" in str(caught.value)
    assert str(toy_files["shower"]) not in str(caught.value)


def test_a_run_goes_on_by_the_settings_in_its_folder(
    toy_settings, toy_files, plugins, tmp_path, train_without_page
):
    """There all names are absolute; other names of the files, but no other files."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "schema.yaml").write_text(yaml.safe_dump(toy_settings["schema"]))
    (tmp_path / "link").symlink_to(folder)
    for kind, file in toy_files.items():
        (folder / f"{kind}.root").write_bytes(file.read_bytes())
    out = tmp_path / "run"
    changes = ["schema=schema.yaml", "trainer.epochs=1", f"out={out}"]
    changes += ["data.samples={track: track.root, shower: shower.roo*}"]
    relative = override_settings(toy_settings, changes)
    train_without_page(relative, plugins, base=folder)
    written = load_settings(out / "run-settings.yaml")
    assert written.data.samples["track"].files == (str(folder / "track.root"),)
    train_without_page(written, plugins, base=tmp_path, resume=True)
    claim = {"resume": True, "overwrite": False}
    assert claim_folder(out, relative, tmp_path / "link", **claim)
    linked = override_settings(
        written.plain(), [f"data.samples.track.files=['{tmp_path}/link/../link/track.root']"]
    )
    assert claim_folder(out, linked, tmp_path, **claim)
    copy = tmp_path / "track.root"
    copy.write_bytes(toy_files["track"].read_bytes())
    other = override_settings(written.plain(), [f"data.samples.track.files=[{copy}]"])
    with pytest.raises(SettingsError, match=r"data\.samples\.track\.files\.0: 'track\.root' -> '/"):
        claim_folder(out, other, tmp_path, **claim)


def test_overwriting_deletes_the_run_and_nothing_else(run, tmp_path):
    run("trainer.epochs=1")
    mine = [tmp_path / "run" / name for name in ("thesis.tex", "settings.yaml")]
    for file in mine:
        file.write_text("mine")
    with pytest.raises(InputError):
        run("data.samples.track=gone.root", overwrite=True)
    assert (tmp_path / "run" / "model.ckpt").exists()
    run("trainer.epochs=1", overwrite=True)
    assert [file.read_text() for file in mine] == ["mine", "mine"]
    assert len(list((tmp_path / "run" / "logs").iterdir())) == 1


def test_a_batch_system_changes_nothing(run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    first = run("trainer.epochs=1", out="a")
    (tmp_path / "hpc_ckpt_1.ckpt").write_bytes(
        (first.out / "checkpoints" / "last.ckpt").read_bytes()
    )
    for name, value in (("SLURM_NTASKS", "4"), ("SLURM_JOB_NAME", "x"), ("SLURM_JOB_ID", "1")):
        monkeypatch.setenv(name, value)
    second = run("trainer.epochs=1", out="b")
    assert history(first) == history(second)


def test_other_edges_than_the_encoders_own(run, whole):
    assert history(run("edges={name: radius, r: 5}")) != history(whole())


def test_a_file_in_two_samples_is_refused(run, toy_files):
    with pytest.raises(SettingsError, match="two samples, 'track' and 'again'"):
        run(f"data.samples.again={{files: {toy_files['track']}, use: test}}")


def test_data_without_truth_beside_simulation(run, tmp_path, make_columns, write):
    columns = make_columns(9, 1, "track")
    data = {name: value for name, value in columns.items() if name.startswith("hit_")}
    path = write(tmp_path / "data.root", data)
    done = run("trainer.epochs=1", f"data.samples.data={{files: {path}, labelled: false}}")
    assert bool(done.evaluation.store.events["energy"][-9:].isnan().all())


def test_half_precision_loss_stays_finite(run):
    done = run("trainer.epochs=1", "trainer.precision=bf16-mixed")
    assert history(done)[0]["train_loss"] is not None  # NaN is written as null


def test_settings_file_of_a_run_reads_back(run):
    done = run("trainer.epochs=1")
    written = yaml.safe_load((done.out / "run-settings.yaml").read_text())
    assert make_settings(written).plain() == written
