"""The files of a simulation: their names, and how blocks of events are put into them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from typing_extensions import Self

import hitclr
from hitclr.detectors import DepositsInfo, Detector, Throw
from hitclr.detectors.deposits_file import DEPOSITS_TREE
from hitclr.errors import OutputError, SettingsError
from hitclr.io import EventFormat, EventWriter
from hitclr.runs.simulation_block import Block, Columns

__all__ = [
    "EVENTS_TREE",
    "METADATA",
    "THROW_TREE",
    "SimulationFiles",
    "output_files",
    "refuse_existing",
    "throw_file_name",
]

EVENTS_TREE = "events"
"""The tree with the hits."""

THROW_TREE = "throw"
"""The tree with one entry, the values of the detector's parameters."""

METADATA = "simulation"
"""The name of the JSON string beside the trees."""

_FORMAT = 1
_PLACE = "{throw}"


def throw_file_name(throw: str) -> str:
    """The name of a throw as file names have it.

    >>> throw_file_name("low, noise=2")
    'low_noise=2'
    """
    return re.sub(r"[^\w.=+-]+", "_", throw)


def output_files(out: Path, throws: Sequence[Throw]) -> list[Path]:
    """The file of each throw: ``out``, with ``{throw}`` replaced by the throw's name.

    >>> output_files(Path("{throw}.root"), [Throw("low, noise=2", {})])
    [PosixPath('low_noise=2.root')]

    Raises:
        SettingsError: there are several throws and no ``{throw}``, or two throws have one file.
    """
    if len(throws) > 1 and _PLACE not in out.name:
        message = (
            f"{len(throws)} throws need a file each: expected {_PLACE} in the name given to --out, "
            f"got {out}\n  what to do: for example --out {out.stem}-{_PLACE}{out.suffix or '.root'}"
        )
        raise SettingsError(message)
    names = [throw_file_name(throw.name) for throw in throws]
    files = [out.with_name(out.name.replace(_PLACE, name)) for name in names]
    twice = sorted({str(file) for file in files if files.count(file) > 1})
    if twice:
        message = f"two throws would be written to one file: {', '.join(twice)}"
        raise SettingsError(message)
    return files


class SimulationFiles:
    """The open files of a simulation. They appear when all is written; a failure leaves none.

    Args:
        files: one for each throw.
        throws: the throws.
        detector: the detector.
        distribution: what it was installed from.
        info: how the deposits are made.
        deposits: the file that they come from or go to; None without one.
        write_deposits: whether they are written there.
        form: the format of the events.

    Attributes:
        recorded: how many events each file has.

    Raises:
        OutputError: a file cannot be written.
    """

    def __init__(
        self,
        files: Sequence[Path],
        throws: Sequence[Throw],
        detector: Detector,
        distribution: str,
        info: DepositsInfo,
        deposits: Path | None,
        *,
        write_deposits: bool,
        form: EventFormat,
    ) -> None:
        self.recorded = [0] * len(files)
        self._throws, self._detector, self._info = throws, detector, info
        self._about = {"distribution": distribution, "deposits": deposits and str(deposits)}
        self._units: dict[str, str] = {}
        with ExitStack() as stack:
            self._writers = [
                stack.enter_context(EventWriter(file, EVENTS_TREE, "hits", form)) for file in files
            ]
            self._deposits = (
                stack.enter_context(EventWriter(deposits, DEPOSITS_TREE, DEPOSITS_TREE))
                if deposits and write_deposits
                else None
            )
            self._open = stack.pop_all()

    def add(self, block: Block) -> None:
        """Append a block to all files.

        Raises:
            OutputError: the disk is full, or a file cannot be written for another reason.
        """
        if self._deposits is not None and block.deposits is not None:
            _extend(self._deposits, block.deposits)
        for number, (writer, answer) in enumerate(zip(self._writers, block.answers, strict=True)):
            _extend(writer, answer)
            self.recorded[number] += len(answer.counts)
            self._units = answer.units

    def finish(self) -> None:
        """Write the metadata.

        Raises:
            OutputError: a file cannot be written.
        """
        if self._deposits is not None:
            self._deposits.put_metadata(METADATA, self._info.to_metadata())
        for writer, throw, recorded in zip(self._writers, self._throws, self.recorded, strict=True):
            writer.put_metadata(METADATA, self._metadata(throw, recorded))
            writer.put_numbers(THROW_TREE, throw.values)

    def _metadata(self, throw: Throw, recorded: int) -> Mapping[str, Any]:
        units = {parameter.name: parameter.unit for parameter in self._detector.parameters}
        return {
            **self._info.to_metadata(),
            "format": _FORMAT,
            "hitclr": hitclr.__version__,
            "detector": self._detector.name,
            **self._about,
            "throw": throw.name,
            "throw_meaning": throw.meaning,
            "parameters": {
                name: {"value": value, "unit": units.get(name, "")}
                for name, value in throw.values.items()
            },
            "recorded": recorded,
            "minimum_hits": self._detector.minimum_hits,
            "units": {"energy": "MeV", "vertex": "cm", "hits": self._units},
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.__exit__(kind, error, trace)


def refuse_existing(files: Sequence[Path]) -> None:
    """Refuse to overwrite.

    Raises:
        OutputError: some of the files are there; the message has all of them.
    """
    there = [str(file) for file in files if file.exists()]
    if there:
        message = (
            f"{', '.join(there)} exist{'s' if len(there) == 1 else ''} already\n"
            f"  what to do: choose another name, or pass --overwrite"
        )
        raise OutputError(message)


def _extend(writer: EventWriter, columns: Columns) -> None:
    writer.extend(columns.events, columns.rows, columns.counts)
