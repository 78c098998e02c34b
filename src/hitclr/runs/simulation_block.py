"""A block of simulated events, made in a process of its own."""

from __future__ import annotations

import multiprocessing
import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hitclr import fields
from hitclr.detectors import Deposits, DepositsFile, DepositsInfo, Detector, Throw, Throws, shoot
from hitclr.detectors.deposits_file import deposits_columns
from hitclr.errors import HitclrError, PluginError
from hitclr.events import EventStore
from hitclr.rng import generator, seed_for

__all__ = ["BLOCK", "Block", "BlockFailure", "Columns", "Job", "make_block"]

BLOCK = 1000
"""The events of a block. What a file holds depends on it, so it is no option. The gun works on a
block at once and takes 3.1 ms an event for 1000 (deposits of 0.3 cm), 4.4 ms for 500, 12 ms for
100; larger blocks leave processes idle in runs of a few thousand events."""

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Columns:
    """What a tree gets for one block.

    Attributes:
        events: the numbers of each event [B].
        rows: the lists, laid end to end [N].
        counts: [B] the lengths of the lists.
        units: the units of the positions and of the features, by the names of their lists.
    """

    events: Arrays
    rows: Arrays
    counts: NDArray[np.int64]
    units: dict[str, str]


@dataclass(frozen=True)
class Block:
    """The events of one block.

    Attributes:
        events: how many were simulated.
        deposits: the deposits, where they are to be written.
        answers: the recorded events under each throw.
    """

    events: int
    deposits: Columns | None
    answers: list[Columns]


@dataclass(frozen=True)
class BlockFailure:
    """Why a block could not be made; an exception might not survive the way between processes.

    Attributes:
        message: what happened, for people.
        kind: the class of error to raise.
    """

    message: str
    kind: type[HitclrError]


@dataclass(frozen=True)
class Job:
    """What a block needs to know.

    Attributes:
        detector: the detector.
        throws: the throws to answer with.
        info: how the deposits are, or were, made.
        file: where to read them; None where they are to be made.
        keep_deposits: whether they are handed back.
    """

    detector: Detector
    throws: tuple[Throw, ...]
    info: DepositsInfo
    file: DepositsFile | None
    keep_deposits: bool


def make_block(job: Job, start: int) -> Block | BlockFailure:
    """Make the events ``start`` to ``start + BLOCK`` of a production, or what is left of them.

    It depends on nothing but its arguments: not on the process, nor on other blocks.
    """
    if multiprocessing.parent_process() is not None:
        # Ctrl-C reaches all processes of a terminal; the first of them ends the others.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    stop = min(start + BLOCK, job.info.events)
    try:
        with _one_thread():
            deposits = _deposits(job, start, stop)
            answers = [_answer(job, throw, start, deposits) for throw in job.throws]
    except HitclrError as error:
        return BlockFailure(
            str(error), PluginError if isinstance(error, PluginError) else HitclrError
        )
    except Exception as error:  # noqa: BLE001 - a plugin's response may raise anything
        last = traceback.extract_tb(error.__traceback__)[-1]
        message = (
            f"simulating the events {start} to {stop} with the detector {job.detector.name!r} "
            f"failed: {type(error).__name__}: {error}\n"
            f"  where: {last.filename}, line {last.lineno}"
        )
        return BlockFailure(message, PluginError)
    kept = Columns(*deposits_columns(deposits), units={}) if job.keep_deposits else None
    return Block(stop - start, kept, answers)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Each process has a core of its own and no more."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _number(job: Job, start: int) -> int:
    """The number of the block, counted from the event with the id 0."""
    return (job.info.first_event + start) // BLOCK


def _deposits(job: Job, start: int, stop: int) -> Deposits:
    if job.file is not None:
        return job.file.read(start, stop)
    random = np.random.default_rng(seed_for(job.info.seed, "gun", _number(job, start)))
    primaries = job.info.beam.draw(job.info.first_event + start, stop - start, random)
    return shoot(primaries, job.detector.material, random, step=job.info.step)


def _answer(job: Job, throw: Throw, start: int, deposits: Deposits) -> Columns:
    """The hits of the events that are recorded."""
    detector = job.detector
    values = [f"{name}={value!r}" for name, value in throw.values.items()]
    random = generator(job.info.seed, "response", _number(job, start), *values)
    throws = Throws.same(throw, len(deposits))
    with torch.no_grad():
        store = detector.respond(deposits, throws, random)
    if len(store) != len(deposits):
        message = (
            f"the response of the detector {detector.name!r} has {len(store)} events for "
            f"{len(deposits)}: it must keep all of them, in order, also those without a hit"
        )
        raise PluginError(message)
    recorded = torch.nonzero(store.hits_per_event() >= detector.minimum_hits).flatten()
    store = store.select(recorded)
    events, _, _ = deposits_columns(deposits)
    kept = recorded.numpy()
    return Columns(
        {name: column[kept] for name, column in events.items()},
        _hit_columns(store, detector),
        store.hits_per_event().numpy(),
        _units(store),
    )


def _hit_columns(store: EventStore, detector: Detector) -> Arrays:
    """One column for each branch ``hits_<name>``: positions, features, integers."""
    rows = {axis: store.hits[fields.POS][:, i] for i, axis in enumerate("xyz")}
    for i, name in enumerate(store.feature_names):
        if _branch(name) in rows:
            message = (
                f"the feature {name!r} of the detector {detector.name!r} cannot be written: it "
                f"must have a name that no other feature or position has, with {_branch('a.b')!r} "
                f"for 'a.b'"
            )
            raise PluginError(message)
        rows[_branch(name)] = store.hits[fields.X][:, i]
    columns = {name: values.float().numpy() for name, values in rows.items()}
    for name, values in store.hits.items():
        if name in (fields.POS, fields.X):
            continue
        short = _branch(name.removeprefix(fields.HIT_PREFIX))
        if values.ndim != 1 or short in columns:
            message = (
                f"the hit column {name!r} of the detector {detector.name!r} cannot be written: it "
                f"must have one number per hit and a name that no feature or position has"
            )
            raise PluginError(message)
        columns[short] = values.numpy()
    return {name: np.ascontiguousarray(values) for name, values in columns.items()}


def _branch(name: str) -> str:
    """A vector's component ``dir.x`` is the branch ``hits_dir_x``: ROOT reads a dot as a member."""
    return name.replace(".", "_")


def _units(store: EventStore) -> dict[str, str]:
    features = dict(zip(map(_branch, store.feature_names), store.feature_units, strict=False))
    return {**dict.fromkeys("xyz", store.position_unit), **features}
