"""Simulating events: a particle gun, a detector, and ROOT files."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib  # type: ignore[import-untyped]

from hitclr.detectors import DepositsFile, DepositsInfo, Detector, Throw
from hitclr.errors import HitclrError, SettingsError
from hitclr.io import EventFormat
from hitclr.runs.simulation_block import BLOCK, Block, BlockFailure, Job, make_block
from hitclr.runs.simulation_files import SimulationFiles, output_files, refuse_existing

__all__ = ["Simulated", "SimulatedFile", "simulate"]


@dataclass(frozen=True)
class SimulatedFile:
    """The events under one throw.

    Attributes:
        path: the file.
        throw: the throw.
        recorded: how many events it has.
        dropped: how many had too few hits to be recorded.
    """

    path: Path
    throw: Throw
    recorded: int
    dropped: int


@dataclass(frozen=True)
class Simulated:
    """What was simulated.

    Attributes:
        files: one for each throw.
        deposits: the file of deposits that was written; None where none was.
        info: how the deposits were made.
        seconds: how long it took.
    """

    files: tuple[SimulatedFile, ...]
    deposits: Path | None
    info: DepositsInfo
    seconds: float


def simulate(
    detector: Detector,
    out: Path,
    *,
    throws: Sequence[Throw] = (),
    events: int | None = None,
    seed: int | None = None,
    first_event: int | None = None,
    particles: tuple[str, ...] | None = None,
    energy: tuple[float, float] | None = None,
    deposits: Path | None = None,
    form: EventFormat = "ttree",
    processes: int | None = None,
    overwrite: bool = False,
    distribution: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> Simulated:
    """Simulate events and write a ROOT file for each throw.

    Events are made in blocks of 1000, each from seeds of its own, so that a file holds the same
    whatever the number of processes. The tree ``events`` has ``event`` (the number that all
    simulations of one event share), ``pdg``, ``energy`` in MeV, ``vertex_x``, ... in cm,
    ``direction_x``, ..., and the lists ``hits_x``, ``hits_y``, ``hits_z``, ``hits_<feature>`` and
    ``hits_<name>`` for each hit column ``hit_<name>`` of the detector.

    Args:
        detector: the detector.
        out: the file; with several throws its name has ``{throw}`` in it.
        throws: the throws; the detector's first one without any.
        events: how many events; may be left out where ``deposits`` is there.
        seed: the seed, 1 without one; or that of the deposits that are there.
        first_event: the id of the first event, a multiple of 1000: productions with one seed and
            ids that do not overlap are parts of one long production. 0 without one.
        particles: the classes of primary particles; those of the detector's beam without.
        energy: the range of their kinetic energy in MeV; that of the detector's beam without.
        deposits: a ROOT file of true deposits: read where it is there, written where it is not.
        form: ``ttree`` or ``rntuple``, for the events.
        processes: how many processes; one for each core without.
        overwrite: whether ``out`` may be there already. Deposits are never overwritten.
        distribution: what the detector was installed from, for the metadata.
        progress: called after each block with the events done and those to be done.

    Raises:
        SettingsError: an argument cannot be used, or differs from what the deposits were made with.
        InputError: the file of deposits cannot be read.
        OutputError: a file cannot be written, or is there already.
        PluginError: the detector's response failed.
    """
    started = time.perf_counter()
    chosen = tuple(throws) or detector.throws[:1]
    files = output_files(out, chosen)
    if not overwrite:
        refuse_existing(files)
    if deposits is not None and deposits.resolve() in {file.resolve() for file in files}:
        message = f"--out and --deposits are one file, {deposits}: give each a name of its own"
        raise SettingsError(message)
    if processes is not None and processes < 1:
        message = f"--processes: expected 1 or more, got {processes}"
        raise SettingsError(message)
    wanted: dict[str, Any] = {
        "events": events,
        "seed": seed,
        "first_event": first_event,
        "particles": particles,
        "energy": energy,
    }
    asked = {name: value for name, value in wanted.items() if value is not None}
    source = DepositsFile(deposits) if deposits is not None and deposits.exists() else None
    info = _new_info(detector, **asked) if source is None else _checked(source, detector, asked)
    write_deposits = deposits is not None and source is None
    job = Job(detector, chosen, info, source, write_deposits)
    with (
        SimulationFiles(
            files,
            chosen,
            detector,
            distribution,
            info,
            deposits,
            write_deposits=write_deposits,
            form=form,
        ) as writers,
        closing(_blocks(job, processes or joblib.cpu_count())) as blocks,
    ):
        done = 0
        for block in blocks:
            writers.add(block)
            done += block.events
            if progress is not None:
                progress(done, info.events)
        writers.finish()
        recorded = writers.recorded
    made = tuple(
        SimulatedFile(file, throw, number, info.events - number)
        for file, throw, number in zip(files, chosen, recorded, strict=True)
    )
    seconds = time.perf_counter() - started
    return Simulated(made, deposits if write_deposits else None, info, seconds)


def _new_info(
    detector: Detector,
    *,
    events: int | None = None,
    seed: int = 1,
    first_event: int = 0,
    particles: tuple[str, ...] | None = None,
    energy: tuple[float, float] | None = None,
) -> DepositsInfo:
    if events is None or events < 1:
        came = "got none" if events is None else f"got {events}"
        message = f"--events: expected how many events to simulate, 1 or more, {came}"
        raise SettingsError(message)
    if first_event < 0 or first_event % BLOCK:
        message = (
            f"--first-event: expected a multiple of {BLOCK}, the events of one block, got "
            f"{first_event}"
        )
        raise SettingsError(message)
    beam = detector.beam.change(particles=particles, energy=energy)
    return DepositsInfo(
        material=detector.material.name,
        step=detector.step,
        particles=beam.particles,
        energy=beam.energy,
        low=beam.low,
        high=beam.high,
        seed=seed,
        events=events,
        first_event=first_event,
    )


def _checked(source: DepositsFile, detector: Detector, asked: dict[str, Any]) -> DepositsInfo:
    """What the file of deposits says, if it is what the detector and the user want."""
    wanted = {
        "material": detector.material.name,
        "step": detector.step,
        "low": detector.beam.low,
        "high": detector.beam.high,
        **asked,
    }
    differences = source.info.differences(wanted)
    if differences:
        lines = "".join(f"\n  {line}" for line in differences)
        message = (
            f"the deposits in {source.path} are not those that were asked for:{lines}\n"
            f"  what to do: name another file to have new deposits written, or leave out the "
            f"options that differ"
        )
        raise SettingsError(message)
    return source.info


def _blocks(job: Job, processes: int) -> Generator[Block, None, None]:
    """The blocks in order, made by processes side by side."""
    starts = range(0, job.info.events, BLOCK)
    with joblib.parallel_config(backend="loky", inner_max_num_threads=1):
        parallel = joblib.Parallel(min(processes, len(starts)), return_as="generator")
        results = parallel(joblib.delayed(make_block)(job, start) for start in starts)
    with _ended(results):
        try:
            for result in results:
                if isinstance(result, BlockFailure):
                    raise result.kind(result.message)
                yield result
        except BrokenProcessPool as error:
            message = (
                f"a process that simulated events was ended from outside, perhaps because memory "
                f"ran out\n  what to do: try fewer processes, --processes {max(1, processes // 2)}"
            )
            raise HitclrError(message) from error


@contextmanager
def _ended(results: Generator[Any, None, None]) -> Iterator[None]:
    """End the processes at once where the results are not wanted any more."""
    try:
        yield
    finally:
        with warnings.catch_warnings():
            # joblib warns that work is thrown away, which is what is meant.
            warnings.simplefilter("ignore", UserWarning)
            results.close()
