"""A whole study: inputs, cells side by side, tables, report."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import joblib  # type: ignore[import-untyped]
import yaml

from hitclr.config import Settings, StudySettings
from hitclr.errors import HitclrError, SettingsError
from hitclr.io.whole_file import whole_file
from hitclr.optional import require
from hitclr.plugins import Plugins
from hitclr.runs.study.cell import (
    CELL_TABLE,
    CellFailure,
    CellJob,
    cell_fingerprint,
    read_cell,
    run_cell,
)
from hitclr.runs.study.cells import (
    CELLS,
    Modelled,
    PlannedCell,
    cell_settings,
    modelled_shifts,
    plan_cells,
)
from hitclr.runs.study.inputs import Inputs, plan_inputs, simulate_inputs
from hitclr.runs.study.shifts import shift_throws

__all__ = ["STUDY_FILE", "Study", "done_cells", "prepare_study", "run_study", "some_cells"]

STUDY_FILE = "study.yaml"
"""The settings of the study, in its folder."""


@dataclass(frozen=True)
class Study:
    """What there is to do.

    Attributes:
        settings: of the study.
        out: its folder.
        inputs: its files.
        cells: all its cells.
        each: the settings of each cell, also of those that are not to be run.
        shifts: the throws of each shift.
        modelled: by method and training domain the shifts that the training shows something of.
    """

    settings: StudySettings
    out: Path
    inputs: Inputs
    cells: tuple[PlannedCell, ...]
    each: Mapping[PlannedCell, Settings]
    shifts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    modelled: Modelled = field(default_factory=dict)


def prepare_study(
    settings: StudySettings,
    plugins: Plugins,
    out: Path,
    *,
    base: Path,
) -> Study:
    """Plan a study, and check the settings of all its cells.

    Args:
        settings: of the study.
        plugins: the registries.
        out: its folder.
        base: the folder that relative file names start from.

    Raises:
        SettingsError: settings are not valid.
        UnknownNameError: a method, detector, encoder or augmentation is not registered.
    """
    out = out.expanduser().resolve()
    inputs = plan_inputs(settings, plugins, out, base)
    shifts = shift_throws(settings, inputs)
    modelled = modelled_shifts(settings, inputs, plugins, out, base=base)
    cells = plan_cells(settings, inputs, modelled)
    each = {cell: cell_settings(settings, cell, inputs, plugins, out, base=base) for cell in cells}
    for cell in cells:
        if cell.begins_with is not None:
            _require_same_encoder(cell.method, each[cell], each[cell.begins_with])
    return Study(settings, out, inputs, cells, each, shifts, modelled)


def _require_same_encoder(method: str, settings: Settings, first: Settings) -> None:
    """A method's encoder can be that of another one only where both are of one kind."""
    for key in ("encoder", "schema_source"):
        own, other = getattr(settings, key), getattr(first, key)
        if own != other:
            name = key.split("_")[0]
            message = (
                f"methods.{method}: its {name} is not that of the method which it begins with: "
                f"expected {other!r}, got {own!r}\n  what to do: take settings.{name} out of both, "
                f"or give it to both"
            )
            raise SettingsError(message)


def some_cells(study: Study, only: Sequence[str]) -> Study:
    """The study with those cells alone whose names fit one of the patterns, as in ``dann/*``.

    Raises:
        SettingsError: no cell fits.
    """
    kept = tuple(c for c in study.cells if any(fnmatchcase(c.name, one) for one in only))
    if not kept:
        message = (
            f"--only: no cell fits {', '.join(only)}; cells are called as in {study.cells[0].name}"
        )
        raise SettingsError(message)
    return replace(study, cells=kept)


def run_study(
    study: Study,
    plugins: Plugins,
    *,
    processes: int = 1,
    threads: int | None = None,
    cluster: str | None = None,
    simulating: Callable[[str, int, int], None] | None = None,
    progress: Callable[[PlannedCell | CellFailure, int, int], None] | None = None,
) -> tuple[CellFailure, ...]:
    """Simulate what is missing, and run the cells that are not done.

    A cell is done when its table is there, which is written last. One that was interrupted goes on
    from its last checkpoint.

    Args:
        study: of `prepare_study`.
        plugins: the registries; what was left out of them is left out in other processes, too.
        processes: how many cells run at the same time.
        threads: how many threads of torch each may use; the cores shared out without.
        cluster: the address of a Dask scheduler, whose workers run the cells. They see the folder
            of the study under the same name.
        simulating: called with the production, the events done and those to be done.
        progress: called after each cell with it, the number done and that of all; those that
            were done before are counted.

    Returns:
        The cells that failed, and those that another call runs.

    Raises:
        SettingsError: the folder has events or cells that were made in another way.
        OutputError: a file cannot be written.
        MissingExtraError: a cluster is given, and the package for it is not installed.
    """
    if processes < 1:
        message = f"--processes: expected 1 or more, got {processes}"
        raise SettingsError(message)
    done = done_cells(study)
    ready = _ready(study, done)
    simulate_inputs(
        study.settings,
        study.inputs,
        plugins,
        study.out,
        processes=processes,
        progress=simulating,
    )
    own = threads or max(1, joblib.cpu_count() // processes)
    _write_settings(study)  # once it is known to be that of the folder
    jobs = [
        CellJob(
            cell,
            study.each[cell].plain(),
            tuple(study.inputs.throws),
            _fingerprint(study, cell),
            own,
            plugins.disabled,
            embeddings=cell.seed == _first_seed(study, cell) and cell.left_out is None,
            owner=os.getpid() if processes > 1 and cluster is None else None,
        )
        for cell in study.cells
        if cell not in done
    ]
    failures: list[CellFailure] = []
    number = len(done)
    rounds = (  # what others begin with goes before them
        [job for job in jobs if job.cell.begins_with is None],
        [job for job in jobs if job.cell.begins_with is not None],
    )
    with _workers(processes, cluster) as parallel:
        for some in rounds:
            left = {failure.cell for failure in failures if failure.elsewhere}
            for result in _results(parallel, some, ready, left):
                number += 1
                if isinstance(result, CellFailure):
                    failures.append(result)
                else:
                    ready.add(result)
                if progress is not None:
                    progress(result, number, len(study.cells))
    return tuple(failures)


def _first_seed(study: Study, cell: PlannedCell) -> int:
    return min(study.settings.seeds_of(study.settings.methods[cell.method]))


def _ready(study: Study, done: Sequence[PlannedCell]) -> set[PlannedCell]:
    """The cells that are done, so that others may begin with them.

    Raises:
        SettingsError: the cell that one begins with is not done, nor is it to be run.
    """
    wanted = {cell.begins_with for cell in study.cells if cell.begins_with is not None}
    others = replace(study, cells=tuple(wanted - {*study.cells}))
    ready = {*done, *done_cells(others)}
    for cell in study.cells:
        first = cell.begins_with
        if first is not None and cell not in done and first not in {*study.cells, *ready}:
            message = (
                f"the cell {cell.name} begins with {first.name}, which is not done\n"
                f"  what to do: have it run, too (--only {first.name!r})"
            )
            raise SettingsError(message)
    return ready


def _results(
    parallel: Any,
    jobs: Sequence[CellJob],
    ready: Collection[PlannedCell],
    left: Collection[PlannedCell],
) -> Iterator[PlannedCell | CellFailure]:
    """Run cells; those whose first one is not done fail, or are left as that one is.

    Args:
        parallel: of `_workers`.
        jobs: the cells to run.
        ready: those that are done.
        left: those that another call runs.
    """
    fit = []
    for job in jobs:
        first = job.cell.begins_with
        if first is None or first in ready:
            fit.append(job)
        elif first in left:
            message = f"another call of `hitclr study` runs {first.name}, which it begins with"
            yield CellFailure(job.cell, message, elsewhere=True)
        else:
            yield CellFailure(job.cell, f"{first.name}, which it begins with, is not done")
    if fit:
        yield from parallel(joblib.delayed(run_cell)(job) for job in fit)


def done_cells(study: Study) -> tuple[PlannedCell, ...]:
    """The cells whose tables are there.

    Raises:
        OutputError: a table cannot be read.
        SettingsError: one was made with other settings or from other files.
    """
    done = []
    for cell in study.cells:
        folder = study.out / CELLS / cell.name
        if not (folder / CELL_TABLE).exists():
            continue
        if read_cell(folder)["fingerprint"] != _fingerprint(study, cell):
            message = (
                f"the cell {cell.name} in {study.out} was made with other settings, its files or "
                f"what it begins with changed since, or it is of an earlier hitclr\n"
                f"  what to do: take another folder (--out); or, to have this cell made anew, "
                f"delete {folder}"
            )
            raise SettingsError(message)
        done.append(cell)
    return tuple(done)


def _fingerprint(study: Study, cell: PlannedCell) -> str:
    first = None if cell.begins_with is None else _fingerprint(study, cell.begins_with)
    return cell_fingerprint(study.each[cell], first)


@contextmanager
def _workers(processes: int, cluster: str | None) -> Iterator[Any]:
    """Something that runs delayed calls and gives results as they come."""
    if cluster is None:
        if processes == 1:
            yield _one_by_one
            return
        with (
            joblib.parallel_config(backend="loky", inner_max_num_threads=None),
            warnings.catch_warnings(),
        ):
            # A process that has grown by a cell's events is replaced by a new one, as is right.
            warnings.filterwarnings("ignore", "A worker stopped while some jobs were given")
            yield joblib.Parallel(processes, return_as="generator_unordered", batch_size=1)
        return
    distributed = require(
        "distributed", purpose="--cluster (a Dask cluster)", install="hitclr[cluster]"
    )
    try:
        client = distributed.Client(cluster, timeout="20s")
    except (OSError, TimeoutError) as error:
        message = f"--cluster: no scheduler answers at {cluster}: {error}"
        raise HitclrError(message) from error
    with client, joblib.parallel_config(backend="dask", wait_for_workers_timeout=60):
        yield joblib.Parallel(return_as="generator_unordered", batch_size=1, pre_dispatch="all")


def _one_by_one(calls: Iterator[Any]) -> Iterator[Any]:
    for function, given, named in calls:
        yield function(*given, **named)


def _write_settings(study: Study) -> None:
    """Note the settings in the folder, in place of those of an earlier call."""
    text = yaml.safe_dump(study.settings.plain(), sort_keys=False, allow_unicode=True)
    with whole_file(study.out / STUDY_FILE) as part:
        part.write_text(text, encoding="utf-8")
