"""One training run, from files to report."""

from __future__ import annotations

import itertools
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from torch import Tensor

from hitclr.augment import Augmentation
from hitclr.build import (
    build_augmentation,
    build_deposits,
    build_edges,
    build_method,
    build_samples,
    build_schema,
    build_views,
)
from hitclr.config import Settings
from hitclr.data import EventDataModule, split_events
from hitclr.errors import HitclrError, OutputError, SettingsError
from hitclr.events import EventStore
from hitclr.graphs import EdgeBuilder
from hitclr.io import BadInput, Feed, FileName, Progress, Sample, Schema, check_samples
from hitclr.io.feeding import Cache, cache_folder, open_feed
from hitclr.methods import Method
from hitclr.plugins import Plugins
from hitclr.reports import write_report
from hitclr.rng import seed_for
from hitclr.runs.checkpoint import RunRecord, describe_run
from hitclr.runs.checkpoints import checkpoints
from hitclr.runs.evaluate import Evaluation, evaluate
from hitclr.runs.folder import (
    CACHE,
    CHECKPOINTS,
    LAST,
    MODEL,
    claim_folder,
    clear_folder,
    describe_inputs,
    require_same_inputs,
    write_settings,
)
from hitclr.runs.history import History
from hitclr.studies import write_tables
from hitclr.views import ViewSource

__all__ = ["Prepared", "TrainedRun", "prepare", "train"]

_MEASURED = 1024  # events that are looked at in one go to standardise the inputs


@dataclass(frozen=True)
class TrainedRun:
    """What a run left behind.

    Attributes:
        out: the folder of the run.
        model: the checkpoint of the trained model.
        report: the page.
        evaluation: the scores.
        skipped: what the bad-input policy left out.
    """

    out: Path
    model: Path
    report: Path
    evaluation: Evaluation
    skipped: Sequence[dict[str, str | int]]


@dataclass(frozen=True)
class Prepared:
    """Everything that a run needs before it trains.

    Attributes:
        schema: how branches became events.
        samples: what was read.
        feed: the events.
        splits: the events of each part.
        source: what gives the hits of a view; None for the events as they are.
        deposits: the files that views are re-simulated from.
        augmentation: what changes the hits of a view; None for nothing.
        edges: the edges that the encoder wants; None for none.
        method: the method, its input norm fitted on the training events.
        data: what feeds it.
        skipped: what the bad-input policy left out.
        seconds: how long reading took.
    """

    schema: Schema
    samples: Sequence[Sample]
    feed: Feed
    splits: dict[str, Tensor]
    source: ViewSource | None
    deposits: Sequence[FileName]
    augmentation: Augmentation | None
    edges: EdgeBuilder | None
    method: Method
    data: EventDataModule
    skipped: Sequence[dict[str, str | int]]
    seconds: float


def prepare(
    settings: Settings,
    plugins: Plugins,
    *,
    base: Path,
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Prepared:
    """Check everything, read the events, and build the method.

    Args:
        settings: of the run.
        plugins: the registries.
        base: the folder that relative file names start from.
        progress: called while files are read.
        say: called with a line of text for people, where the cache has something to say.

    Raises:
        HitclrError: settings, schema, files or data do not do.
    """
    started = time.perf_counter()
    bad_input = BadInput(settings.data.on_bad_input)
    schema = build_schema(settings, plugins, base)
    augmentation = build_augmentation(settings.views, plugins)
    deposits = build_deposits(settings.views, plugins, schema, base)
    samples = build_samples(settings, base, bad_input)
    check_samples(schema, samples, bad_input)
    feed = open_feed(
        settings.data.feed,
        schema,
        samples,
        bad_input,
        _cache(settings, say),
        buffer=settings.data.buffer or 0,
        classes=settings.data.classes,
        threads=settings.data.threads,
        progress=progress,
    )
    store = feed.store
    lost = sum(int(row["count"]) for row in bad_input.table() if row["unit"] == "file")
    if lost and (settings.data.feed != "memory" or settings.data.cache is not None):
        say(
            f"{lost} file(s) were left out when the cache was made. If they can be read now, "
            f"`hitclr cache clear` lets it be made anew."
        )
    uses = {domain: sample.use for domain, sample in enumerate(samples)}
    fractions = settings.data.split.model_dump(include={"validation", "test"})
    ends = list(itertools.accumulate((len(sample.files) for sample in samples), initial=0))
    first_files = dict(enumerate(ends[:-1]))
    splits = split_events(
        store,
        uses,
        fractions,
        settings.seed,
        first_files=first_files,
        by=settings.data.split.by,
    )
    method = build_method(
        settings,
        plugins,
        num_features=len(schema.features),
        num_classes=len(store.class_names),
    )
    if schema.weight is not None and not method.needs.weights:
        say(f"The method {settings.method.name} does not weigh events: the weight has no effect.")
    edges = build_edges(method)
    training = splits["train"]
    if method.needs.labels:
        training = training[store.labels[training] >= 0]
    source = build_views(settings.views, plugins, schema, store, deposits, training)
    data = EventDataModule(
        feed,
        splits,
        method.needs,
        augmentation=augmentation,
        edges=edges,
        batch_size=settings.data.batch_size,
        num_workers=settings.data.num_workers,
        seed=settings.seed,
        source=source,
        buffer=settings.data.buffer,
    )
    _require_classes(store, data.splits["train"])
    _standardise(method, schema, feed, data.splits["train"])
    seconds = time.perf_counter() - started
    return Prepared(
        schema,
        samples,
        feed,
        splits,
        source,
        deposits,
        augmentation,
        edges,
        method,
        data,
        bad_input.table(),
        seconds,
    )


def _cache(settings: Settings, say: Callable[[str], None]) -> Cache | None:
    """The cache that the settings mean; None where the events are only in memory."""
    chosen = settings.data.cache
    if chosen is None and settings.data.feed == "memory":
        return None
    if chosen == "run":
        return Cache(Path(settings.out).expanduser() / CACHE, say)
    return Cache(cache_folder(chosen), say)


def _standardise(method: Method, schema: Schema, feed: Feed, training: Tensor) -> None:
    """Set the method's first layer: by the schema's numbers, or those of the training events."""
    fixed = schema.standardise
    if fixed is None:
        method.norm.fit(
            (batch.x, batch.pos) for batch in feed.batches(torch.split(training, _MEASURED))
        )
        return
    moments = [fixed.features[name] for name in schema.feature_names]
    method.norm.set_(
        torch.tensor([one.mean for one in moments]),
        torch.tensor([one.scale for one in moments]),
        torch.tensor(fixed.centre),
        torch.tensor(fixed.length),
    )


def train(
    settings: Settings,
    plugins: Plugins,
    *,
    base: Path,
    resume: bool = False,
    overwrite: bool = False,
    callbacks: Sequence[L.Callback] = (),
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> TrainedRun:
    """Train, probe, evaluate, and write the report.

    Args:
        settings: of the run.
        plugins: the registries.
        base: the folder that relative file names in the settings start from.
        resume: go on from the last checkpoint in the folder of the run.
        overwrite: delete an earlier run in the folder first.
        callbacks: Lightning callbacks, such as a progress bar.
        progress: called while files are read.
        say: called with a line of text for people at each stage.

    Raises:
        HitclrError: settings, files or data do not do, or the folder has a run already.
        KeyboardInterrupt: the run was interrupted; it can be resumed.
    """
    out = Path(settings.out).expanduser()
    interrupted = claim_folder(out, settings, resume=resume, overwrite=overwrite)
    prepared = prepare(settings, plugins, base=base, progress=progress, say=say)
    say(_describe(prepared))
    record = describe_run(
        settings,
        prepared.schema,
        prepared.feed.store.class_names,
        prepared.skipped,
        inputs=describe_inputs(prepared.samples, prepared.deposits),
    )
    if interrupted is not None:
        require_same_inputs(interrupted, record)
        prepared.data.resume_at = (interrupted.epoch, interrupted.step)
    elif overwrite:
        clear_folder(out)
    write_settings(out, settings, base)
    history = History()
    trainer = _trainer(settings, out, [RunRecord(record), history, *callbacks], prepared.data)
    started = time.perf_counter()
    _fit(trainer, prepared, None if interrupted is None else interrupted.checkpoint)
    trained = time.perf_counter()
    _save(trainer, out / MODEL)  # before what follows can fail
    say("Training is done. Embedding all events and scoring the test events.")
    prepared.method.to(trainer.strategy.root_device)
    evaluation = evaluate(
        settings,
        prepared.method,
        prepared.feed,
        prepared.splits,
        edges=prepared.edges,
        augmentation=prepared.augmentation,
        source=prepared.source,
    )
    _save(trainer, out / MODEL)
    if not evaluation.events["scores"].shape[1]:
        say(
            "No classes are read out: a probe needs training events of each of two or more classes."
        )
    seconds = {
        "read": prepared.seconds,
        "train": trained - started,
        "evaluate": time.perf_counter() - trained,
    }
    write_tables(
        out,
        evaluation.results(settings, prepared.samples, prepared.skipped, history.rows, seconds),
        evaluation.events,
        evaluation.views,
    )
    report = write_report(out)
    return TrainedRun(out, out / MODEL, report, evaluation, prepared.skipped)


def _save(trainer: L.Trainer, path: Path) -> None:
    try:
        trainer.save_checkpoint(path)
    except OSError as error:
        message = (
            f"cannot write {path}: {error.strerror or error}\n"
            f"  what to do: make room, then go on with --resume; no training is lost"
        )
        raise OutputError(message) from error


def _trainer(
    settings: Settings, out: Path, callbacks: list[L.Callback], data: EventDataModule
) -> L.Trainer:
    written = checkpoints(out / CHECKPOINTS, LAST, settings.trainer.checkpoint_minutes)
    try:
        return L.Trainer(
            max_epochs=settings.trainer.epochs,
            accelerator=settings.trainer.accelerator,
            devices=1,
            precision=settings.trainer.precision,  # type: ignore[arg-type] # any of Lightning's names
            gradient_clip_val=settings.trainer.gradient_clip,
            logger=[CSVLogger(out, name="logs"), TensorBoardLogger(str(out), name="tensorboard")],
            default_root_dir=out,
            plugins=[LightningEnvironment()],  # one process, whatever batch system it runs under
            callbacks=[StepSeed(settings.seed), *callbacks, *written],
            enable_progress_bar=any(
                isinstance(c, L.pytorch.callbacks.ProgressBar) for c in callbacks
            ),
            enable_model_summary=False,
            num_sanity_val_steps=0,
            limit_val_batches=None if data.splits["validation"].numel() else 0,
            log_every_n_steps=1,
        )
    except (MisconfigurationException, ValueError, RuntimeError) as error:
        message = f"trainer: Lightning refuses these settings: {error}"
        raise SettingsError(message) from error


class StepSeed(L.Callback):
    """Seeds torch's default generators before each step, for encoders with dropout.

    The generator's state is not in a checkpoint; seeded by (seed, epoch, step) it need not be.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Called by Lightning."""
        torch.manual_seed(seed_for(self.seed, "model", trainer.current_epoch, batch_idx))


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


def _require_classes(store: EventStore, events: Tensor) -> None:
    labels = store.labels[events]
    counts = torch.bincount(labels[labels >= 0], minlength=len(store.class_names)).tolist()
    empty = [name for name, n in zip(store.class_names, counts, strict=True) if n == 0]
    if empty and len(empty) < len(store.class_names):
        message = (
            f"the split left no training event of class {', '.join(empty)}\n"
            f"  what to do: give more events of it, use smaller fractions under data.split, or "
            f"another seed"
        )
        raise HitclrError(message)


def _describe(prepared: Prepared) -> str:
    store = prepared.feed.store
    sizes = {name: len(events) for name, events in prepared.splits.items()}
    if partners := len(store) - sum(sizes.values()):
        sizes["for views only"] = partners
    parts = ", ".join(f"{size} {name}" for name, size in sizes.items())
    classes = torch.bincount(
        store.labels[store.labels >= 0], minlength=len(store.class_names)
    ).tolist()
    known = [f"{n} {name}" for name, n in zip(store.class_names, classes, strict=True)]
    unknown = len(store) - sum(classes)
    named = ", ".join([*known, *([f"{unknown} unlabelled"] if unknown else [])])
    weights = sum(p.numel() for p in prepared.method.parameters())
    return (
        f"Read {len(store)} events with {store.num_hits} hits in {prepared.seconds:.1f} s "
        f"({named}; {parts}). Skipped: {_skipped(prepared.skipped)}. "
        f"The model has {weights:,} weights."
    )


def _skipped(table: Sequence[dict[str, str | int]]) -> str:
    rows = [f"{row['count']} {row['unit']}(s) of {row['sample']}: {row['reason']}" for row in table]
    return "; ".join(rows) or "nothing"
