"""How long a study will take, from a small one."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from hitclr.config import Settings, StudySettings
from hitclr.errors import HitclrError
from hitclr.plugins import Plugins
from hitclr.runs.study.cell import CellFailure, CellJob, read_cell, run_cell
from hitclr.runs.study.cells import PlannedCell
from hitclr.runs.study.inputs import simulate_inputs
from hitclr.runs.study.run import Study, prepare_study

__all__ = ["CellTime", "estimate_times"]

_BATCHES = 6
_TEST_EVENTS = 250
_FRACTION = 0.02


@dataclass(frozen=True)
class CellTime:
    """How long one cell of a method takes, roughly.

    Attributes:
        method: the method.
        cells: how many cells it has.
        seconds: for each of them.
    """

    method: str
    cells: int
    seconds: float


def estimate_times(
    study: Study,
    plugins: Plugins,
    *,
    base: Path,
    threads: int,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[CellTime, ...]:
    """Train one cell of each method for one epoch on a few events, and scale it up.

    All is done in a folder of its own, which is deleted.

    Args:
        study: of `prepare_study`.
        plugins: the registries.
        base: the folder that relative file names start from.
        threads: how many threads of torch each cell will have.
        progress: called before each method with it, its number and that of all.

    Raises:
        HitclrError: a cell cannot be run.
    """
    first: dict[str, PlannedCell] = {}
    for cell in study.cells:
        first.setdefault(cell.method, cell)
    times = []
    with tempfile.TemporaryDirectory(prefix="hitclr-estimate-") as folder:
        small = prepare_study(_small(study.settings), plugins, Path(folder), base=base)
        simulate_inputs(small.settings, small.inputs, plugins, small.out, processes=1)
        for number, (name, cell) in enumerate(first.items()):
            if progress is not None:
                progress(name, number, len(first))
            settings = _short(small.each[cell], small.out)
            throws = tuple(small.inputs.throws)
            if cell.begins_with is not None:  # any weights do
                settings = settings.model_copy(update={"pretrained": None})
            job = CellJob(
                replace(cell, begins_with=None),
                settings.plain(),
                throws,
                "",
                threads,
                plugins.disabled,
            )
            result = run_cell(job)
            if isinstance(result, CellFailure):
                message = f"the cell {cell.name} cannot be run:\n{result.message}"
                raise HitclrError(message)
            seconds = read_cell(Path(settings.out))["cost"]["seconds"]
            epochs = study.each[cell].trainer.epochs
            number_of_cells = sum(other.method == name for other in study.cells)
            total = seconds["train"] * epochs / _share(
                study.settings, small.settings, "train"
            ) + seconds["evaluate"] / _share(study.settings, small.settings, "test")
            times.append(CellTime(name, number_of_cells, total))
    return tuple(times)


def _small(settings: StudySettings) -> StudySettings:
    """The same study with few simulated events."""
    simulation = settings.simulation
    if simulation is None:
        return settings
    batch = (settings.settings.get("data") or {}).get("batch_size", 64)
    train = min(simulation.train, _BATCHES * batch)
    target = simulation.target  # in the same proportion, as both are trained on in an epoch
    small = simulation.model_copy(
        update={
            "train": train,
            "target": None if target is None else math.ceil(target * train / simulation.train),
            "test": min(simulation.test, _TEST_EVENTS),
        }
    )
    return settings.model_copy(update={"simulation": small})


def _short(settings: Settings, out: Path) -> Settings:
    """One epoch, on a part of the events of files that were not simulated for this."""
    samples = {
        name: sample
        if all(Path(file).is_relative_to(out) for file in sample.files)
        else sample.model_copy(update={"fraction": sample.fraction * _FRACTION})
        for name, sample in settings.data.samples.items()
    }
    return settings.model_copy(
        update={
            "data": settings.data.model_copy(update={"samples": samples}),
            "trainer": settings.trainer.model_copy(update={"epochs": 1}),
        }
    )


def _share(whole: StudySettings, small: StudySettings, use: Literal["train", "test"]) -> float:
    """What part of the events of the study the small one has."""
    sources = whole.domains if use == "train" else whole.throws
    given = sources != "all" and all(
        part.files is not None for source in sources.values() for part in source.parts
    )
    if given or whole.simulation is None or small.simulation is None:
        return _FRACTION
    share: float = getattr(small.simulation, use) / getattr(whole.simulation, use)
    return share
