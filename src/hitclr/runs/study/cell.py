"""One cell of a study: train, score, keep what the tables need."""

from __future__ import annotations

import json
import logging
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xxhash
from numpy.typing import NDArray

from hitclr import fields
from hitclr.config import Settings, make_settings
from hitclr.data import SPLITS
from hitclr.errors import CheckpointError, HitclrError, OutputError, SettingsError
from hitclr.io import BadInput, expand_files
from hitclr.io.feeding import describe_file
from hitclr.io.whole_file import json_text, whole_file, write_arrays
from hitclr.plugins import load_plugins
from hitclr.runs.evaluate import Evaluation
from hitclr.runs.folder import CHECKPOINTS, LAST, MODEL, SETTINGS, clear_folder
from hitclr.runs.study.cells import PlannedCell
from hitclr.runs.study.locks import locked
from hitclr.runs.study.owner import end_with
from hitclr.runs.train import TrainedRun, train

__all__ = [
    "CELL_ARRAYS",
    "CELL_TABLE",
    "CellFailure",
    "CellJob",
    "cell_fingerprint",
    "read_cell",
    "run_cell",
]

CELL_TABLE = "cell.json"
"""What is known of a finished cell; it is written last."""

CELL_ARRAYS = "cell.npz"
"""The scores and embeddings of its test events."""

_FORMAT = 2
"""Of the table; cells with a table of another form are not done."""

_PATIENCE = 5.0  # seconds: what a killed study leaves running ends sooner

_ELSEWHERE = "another call of `hitclr study` runs it"


@dataclass(frozen=True)
class CellJob:
    """All that another process needs to run a cell.

    Attributes:
        cell: the cell.
        settings: of its training, as plain values.
        throws: the names of the throws of the study, in order.
        fingerprint: of `cell_fingerprint`.
        threads: how many threads of torch it may use.
        disabled: the plugins that are left out.
        embeddings: whether the embeddings are kept.
        owner: the number of the process that started the one that it runs in, and that this is to
            end with; None where it runs in no process of its own, or in one of a cluster.
    """

    cell: PlannedCell
    settings: Mapping[str, Any]
    throws: tuple[str, ...]
    fingerprint: str
    threads: int
    disabled: tuple[str, ...] = ()
    embeddings: bool = True
    owner: int | None = None


@dataclass(frozen=True)
class CellFailure:
    """A cell that could not be finished.

    Attributes:
        cell: the cell.
        message: why.
        elsewhere: whether it is because another call of `hitclr study` runs it, or what it begins
            with.
    """

    cell: PlannedCell
    message: str
    elsewhere: bool = False


def cell_fingerprint(settings: Settings, first: str | None = None) -> str:
    """Tells whether a finished cell is still the one that is wanted: its settings and its files.

    Args:
        settings: of its training.
        first: the fingerprint of the cell that it begins with.
    """
    plain = settings.plain()
    for key in ("title", "notes", "out"):
        del plain[key]
    for key in ("num_workers", "threads", "cache"):
        del plain["data"][key]
    files: list[Any] = [
        describe_file(file)
        for name, sample in settings.data.samples.items()
        for file in expand_files(sample.files, base=Path(), sample=name, bad_input=BadInput("skip"))
    ]
    schema = settings.schema_source
    if isinstance(schema, str) and Path(schema).is_file():
        files.append(Path(schema).read_bytes().hex())
    if isinstance(schema, dict):  # where a schema maker makes it, the files that it reads
        options = [one for value in schema.values() for one in _each(value)]
        files += [describe_file(one) for one in map(Path, options) if one.is_file()]
    if first is not None:
        files.append(first)
    elif settings.pretrained is not None:
        files.append(describe_file(Path(settings.pretrained.checkpoint)))
    text = json.dumps([_FORMAT, plain, files], sort_keys=True, default=str)
    return xxhash.xxh3_128_hexdigest(text.encode())


def _each(option: Any) -> list[str]:
    values = option if isinstance(option, list) else [option]
    return [one for one in values if isinstance(one, str) and Path(one).is_absolute()]


def read_cell(folder: Path) -> dict[str, Any]:
    """The table of a finished cell.

    Raises:
        OutputError: it cannot be read.
    """
    path = folder / CELL_TABLE
    try:
        table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"{path} cannot be read: {error}\n  what to do: delete the file, and run again"
        raise OutputError(message) from error
    return table


def run_cell(job: CellJob) -> PlannedCell | CellFailure:
    """Run a cell, or go on with it where it was interrupted.

    Args:
        job: the cell.

    Returns:
        The cell; or why it failed, so that the others go on.
    """
    if job.owner is not None:
        end_with(job.owner)
    torch.set_num_threads(job.threads)
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    folder = Path(job.settings["out"])
    try:
        with locked(folder, _PATIENCE) as mine:
            if not mine:
                return CellFailure(job.cell, _ELSEWHERE, elsewhere=True)
            if not _done_meanwhile(job, folder):
                _run(job, folder)
    except HitclrError as error:
        return CellFailure(job.cell, str(error))
    except Exception as error:  # noqa: BLE001 - a plugin's method may raise anything
        return CellFailure(job.cell, f"{type(error).__name__}: {error}")
    return job.cell


def _done_meanwhile(job: CellJob, folder: Path) -> bool:
    """Whether another call of `hitclr study` has done it since this one looked."""
    return (folder / CELL_TABLE).exists() and read_cell(folder)["fingerprint"] == job.fingerprint


def _run(job: CellJob, folder: Path) -> None:
    with _log(folder) as say, warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*`trainer` is not attached.*")
        run = _trained(job, folder, say)
        _keep(job, folder, run)


@contextmanager
def _log(folder: Path) -> Iterator[Callable[[str], None]]:
    """Where a cell says what it does: ``cell.log``."""
    with (folder / "cell.log").open("a", encoding="utf-8") as log:

        def say(text: str) -> None:
            log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")
            log.flush()

        yield say


def _trained(job: CellJob, folder: Path, say: Callable[[str], None]) -> TrainedRun:
    """Train, from the last checkpoint where one of the same settings is there."""
    settings = make_settings(job.settings)
    plugins = load_plugins(job.disabled)
    oracle = job.cell.target is not None
    if (folder / CHECKPOINTS / LAST).exists():
        try:
            run = train(
                settings, plugins, base=folder, resume=True, report=False, oracle=oracle, say=say
            )
            return _whole(run)
        except (CheckpointError, SettingsError) as error:
            say(f"From the beginning: {error}")
    run = train(
        settings, plugins, base=folder, overwrite=True, report=False, oracle=oracle, say=say
    )
    return _whole(run)


def _whole(run: TrainedRun | None) -> TrainedRun:
    if run is None:  # in all processes of a distributed training but the first
        message = "a cell is trained by one process: take trainer.devices: 1"
        raise SettingsError(message)
    return run


def _keep(job: CellJob, folder: Path, run: TrainedRun) -> None:
    """Write the arrays, then the table, and delete what was for going on."""
    evaluation = run.evaluation
    arrays = _test_events(evaluation, job.throws)
    if not job.embeddings:
        del arrays["embedding"]
    write_arrays(folder / CELL_ARRAYS, arrays)
    cell = job.cell
    table = {
        "fingerprint": job.fingerprint,
        "method": cell.method,
        "domain": cell.domain,
        "target": cell.target,
        "left_out": cell.left_out,
        "seed": cell.seed,
        "classes": list(evaluation.store.class_names),
        "scores": evaluation.scores,
        "few_labels": evaluation.few_labels,
        "skipped": [dict(row) for row in run.skipped],
        "history": list(run.history),
        "selection": dict(run.selection),
        "cost": {
            **_spent(job, run),
            "collapsed": run.collapsed,
            "events": len(evaluation.splits["train"]),
            "views": run.views,
            "parameters": evaluation.parameters,
            "threads": job.threads,
            "device": run.device,
        },
    }
    with whole_file(folder / CELL_TABLE) as part:
        part.write_text(json_text(table), encoding="utf-8")
        clear_folder(folder, but=(MODEL, SETTINGS))  # only once there is room for the table


def _spent(job: CellJob, run: TrainedRun) -> dict[str, Any]:
    """Time and budget, with those of the training that this one began with."""
    own = {"epochs": len(run.history), "steps": run.steps, "encoded": run.encoded}
    seconds = dict(run.seconds)
    if job.cell.begins_with is not None:
        first = Path(job.settings["pretrained"]["checkpoint"]).parent
        before = read_cell(first)["cost"]
        own = {key: number + before[key] for key, number in own.items()}
        seconds = {
            key: seconds.get(key, 0.0) + before["seconds"].get(key, 0.0)
            for key in {**before["seconds"], **seconds}
        }
    return {"seconds": seconds, **own}


def _test_events(evaluation: Evaluation, throws: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """The test events, throw by throw, each with a key that is the same under all throws."""
    events, store = evaluation.events, evaluation.store
    test = events["split"] == SPLITS.index("test")
    names = [f"{throw} (test)" for throw in throws]
    place = np.array([names.index(n) if n in names else -1 for n in store.domain_names])
    if not events["scores"].shape[1]:
        message = "no classes were read out: a study needs training events of two or more classes"
        raise SettingsError(message)
    throw = place[events["domain"][test]].astype(np.int32)
    return {
        "throw": throw,
        **_keys({name: column[test] for name, column in events.items()}, throw),
        "y": events["y"][test].astype(np.int8),
        "scores": events["scores"][test].astype(np.float32),
        "embedding": events["embedding"][test].astype(np.float16),
    }


def _keys(
    events: Mapping[str, NDArray[Any]], throw: NDArray[np.int32]
) -> dict[str, NDArray[np.int64]]:
    """What tells the test events [M] int64: ``key``, the schema's, or ``entry``: file and entry.

    An entry is one within its throw: files are numbered there, as cells of other samples number
    all files otherwise.
    """
    if fields.KEY in events:
        return {"key": events[fields.KEY]}
    file, entry = events["event_id"].astype(np.int64).T
    for number in np.unique(throw):
        mine = throw == number
        file = np.where(mine, file - file[mine].min(), file)
    return {"entry": (file << 40) + entry}
