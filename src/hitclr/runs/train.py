"""One training run, from files to report."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import LearningRateMonitor
from torch_geometric.data import Batch

from hitclr.build import spell_out_schema, spell_out_views
from hitclr.config import Settings
from hitclr.data import BatchPlan, ViewDataset, fed
from hitclr.errors import OutputError
from hitclr.io import Progress
from hitclr.plugins import Plugins
from hitclr.plugins.extensions import scorers, section_writers
from hitclr.reports import write_report
from hitclr.runs.checkpoint import RunRecord, describe_run, store_weights
from hitclr.runs.evaluate import Evaluation, evaluate, fed_table
from hitclr.runs.folder import (
    MODEL,
    claim_folder,
    clear_folder,
    describe_inputs,
    require_same_inputs,
    write_settings,
)
from hitclr.runs.history import History
from hitclr.runs.oracle import OracleChoice
from hitclr.runs.prepare import Prepared, describe, prepare
from hitclr.runs.pretrained import pretrained_file
from hitclr.runs.selection import LAST_EPOCH, SCORE, Selection
from hitclr.runs.trainer import build_trainer, process_rank
from hitclr.runs.training import (
    AfterLoading,
    CollapseWatch,
    HeapTrim,
    Throughput,
    compile_encoder,
    early_stopping,
    explained_compile_errors,
    weight_averaging,
)
from hitclr.studies import write_tables

__all__ = ["TrainedRun", "train"]


@dataclass(frozen=True)
class TrainedRun:
    """What a run left behind.

    Attributes:
        out: the folder of the run.
        model: the checkpoint of the trained model.
        report: the page; None where none was wanted.
        evaluation: the scores.
        skipped: what the bad-input policy left out.
        history: the losses of each epoch.
        selection: what chose the model that is kept, and why.
        seconds: how long reading, training and evaluation took; of a resumed run, all its training.
        views: how many views of each event went through the encoder in a step.
        device: what it was trained on.
        steps: how many steps of the optimiser there were.
        encoded: how many views of events were encoded in them, those of a target with them.
        collapsed: the last contrastive loss and that of a collapsed embedding, where the loss
            stayed there; None where it did not.
    """

    out: Path
    model: Path
    report: Path | None
    evaluation: Evaluation
    skipped: Sequence[dict[str, str | int]]
    history: Sequence[Mapping[str, Any]]
    selection: Mapping[str, Any]
    seconds: Mapping[str, float]
    views: int
    device: str
    steps: int
    encoded: int
    collapsed: tuple[float, float] | None


def train(
    settings: Settings,
    plugins: Plugins,
    *,
    base: Path,
    resume: bool = False,
    overwrite: bool = False,
    report: bool = True,
    oracle: bool = False,
    callbacks: Sequence[L.Callback] = (),
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> TrainedRun | None:
    """Train, probe, evaluate, and write the report.

    Where several processes train together, each calls this; the first alone does all but training.

    Args:
        settings: of the run.
        plugins: the registries.
        base: the folder that relative file names in the settings start from.
        resume: go on from the last checkpoint in the folder of the run.
        overwrite: delete an earlier run in the folder first.
        report: write the tables of the run and the page made of them.
        oracle: also score the epoch that the labels of the target would choose, on the test events,
            which are then to be of the target; see `OracleChoice`.
        callbacks: Lightning callbacks, such as a progress bar.
        progress: called while files are read.
        say: called with a line of text for people at each stage.

    Returns:
        What the run left behind; None in all processes but the first.

    Raises:
        HitclrError: settings, files or data do not do, or the folder has a run already.
        KeyboardInterrupt: the run was interrupted; it can be resumed.
    """
    settings = spell_out_schema(spell_out_views(settings, plugins), plugins, base)
    out = Path(settings.out).expanduser()
    first = process_rank(settings.trainer) == 0
    if not first:  # it trains, and the first says so
        say, progress, callbacks = (lambda _: None), None, ()
    interrupted = None
    if first or resume:
        interrupted = claim_folder(out, settings, base, resume=resume, overwrite=overwrite)
    prepared = prepare(
        settings,
        plugins,
        base=base,
        resumed=interrupted is not None,
        progress=progress,
        say=say,
    )
    say(describe(prepared))
    # Before an earlier run is deleted: they refuse what does not go together.
    history = History()
    selection = Selection(prepared, settings.select.name, settings.data.batch_size)
    collapse = CollapseWatch(say)
    rival = OracleChoice(prepared, settings.data.batch_size) if oracle else None
    validated = bool(prepared.data.splits["validation"].numel())
    watching = [
        *_stopping(settings, validated=validated),
        *weight_averaging(settings, validated=validated, say=say),
    ]
    record = describe_run(
        settings,
        prepared.schema,
        prepared.feed.store.class_names,
        prepared.skipped,
        inputs=describe_inputs(
            prepared.samples, prepared.deposits, pretrained_file(settings, base)
        ),
        base=base,
        reweighting=prepared.reweighting,
    )
    if interrupted is not None:
        require_same_inputs(interrupted, record)
        prepared.data.resume_at = (interrupted.epoch, interrupted.step)
    plugins.tell("before_training", settings=settings, prepared=prepared)
    if interrupted is None and overwrite and first:
        clear_folder(out)
    if first:
        write_settings(out, settings, base)
    trainer = build_trainer(
        settings,
        out,
        [
            RunRecord(record),
            history,
            # Before the averages, which are in the model's place while it is validated.
            selection,
            *([] if rival is None else [rival]),
            collapse,
            AfterLoading(plugins),
            Throughput(),
            HeapTrim(),
            LearningRateMonitor("epoch"),
            *watching,
            *callbacks,
        ],
        validated=validated,
    )
    if settings.trainer.compile:
        compile_encoder(prepared.method)
    _fit(trainer, prepared, None if interrupted is None else interrupted.checkpoint)
    trained = time.perf_counter()
    _save(trainer, out / MODEL)  # before what follows can fail
    if not first:
        return None
    say("Training is done. Embedding all events and scoring the test events.")
    prepared.method.to(trainer.strategy.root_device)
    selection.restore(prepared.method)

    def finish() -> None:
        prepared.method.after_training(_target_events(prepared, settings.data.batch_size))

    finish()
    evaluation = evaluate(
        settings,
        prepared.method,
        prepared.feed,
        prepared.splits,
        prepared.truth,
        metrics=scorers(plugins),
        edges=prepared.edges,
        augmentation=prepared.augmentation,
        source=prepared.source,
    )
    store_weights(out / MODEL, prepared.method)
    chosen = selection.results()
    if rival is not None:
        chosen |= rival.compare(evaluation, finish)
    if not evaluation.events["scores"].shape[1]:
        say(
            "No classes are read out: a probe needs training events of each of two or more classes."
        )
    seconds = {
        "read": prepared.seconds,
        "train": history.seconds,
        "evaluate": time.perf_counter() - trained,
    }
    if report:
        results = evaluation.results(
            settings, prepared.samples, prepared.skipped, history.rows, seconds
        )
        results["fed"] = fed_table(prepared.data)
        results["reweighting"] = prepared.reweighting
        results["selection"] = chosen
        write_tables(out, results, evaluation.events, evaluation.views)
    run = TrainedRun(
        out,
        out / MODEL,
        write_report(out, section_writers(plugins)) if report else None,
        evaluation,
        prepared.skipped,
        history.rows,
        chosen,
        seconds,
        prepared.method.needs.views,
        str(trainer.strategy.root_device),
        trainer.global_step,
        history.encoded,
        collapse.stayed,
    )
    plugins.tell("after_training", settings=settings, run=run)
    return run


def _stopping(settings: Settings, *, validated: bool) -> list[L.Callback]:
    """What ends the training early: by the score that chooses the model, where there is one."""
    wanted = settings.trainer.early_stopping
    if wanted is None:
        return []
    if settings.select.name == LAST_EPOCH:
        return [early_stopping(wanted, validated=validated)]
    return [early_stopping(wanted, validated=validated, monitor=SCORE, higher_is_better=True)]


def _target_events(prepared: Prepared, batch_size: int) -> Iterator[Batch]:
    """The training events of the target domain as they are, with edges, without labels."""
    feed, device = prepared.feed, prepared.method.device
    views = ViewDataset(
        feed.store, views=1, augmentation=None, edges=prepared.edges, seed=0, purpose="target"
    )
    for step in fed(BatchPlan(prepared.data.target["train"], batch_size, None), feed):
        yield views[step][0].to(device)


def _save(trainer: L.Trainer, path: Path) -> None:
    try:
        trainer.save_checkpoint(path)
    except OSError as error:
        message = (
            f"cannot write {path}: {error.strerror or error}\n"
            f"  what to do: make room, then go on with --resume; no training is lost"
        )
        raise OutputError(message) from error


def _fit(trainer: L.Trainer, prepared: Prepared, last: Path | None) -> None:
    with warnings.catch_warnings():
        # Lightning's own use of torch, and what is for the user to say: workers, folders, devices.
        warnings.filterwarnings("ignore", ".*treespec, LeafSpec.*", FutureWarning)
        warnings.filterwarnings("ignore", ".*does not have many workers.*")
        warnings.filterwarnings("ignore", ".*exists and is not empty.*")
        warnings.filterwarnings("ignore", ".*GPU available but not used.*")
        # It is: the plan begins with the step that comes (EventDataModule.resume_at).
        warnings.filterwarnings("ignore", ".*your dataloader is not resumable.*")
        try:
            with explained_compile_errors():
                trainer.fit(
                    prepared.method, datamodule=prepared.data, ckpt_path=last, weights_only=True
                )
        except SystemExit as stop:  # Lightning turns Ctrl-C into an exit
            raise KeyboardInterrupt from stop
        except OSError as error:
            message = (
                f"the training stopped: {error.strerror or error}\n"
                f"  what to do: see to disk space and open files, then go on with --resume"
            )
            raise OutputError(message) from error
