"""Detector descriptions: KM3NeT's text format ``.detx``, versions 1 to 5.

The format is that of KM3NeT's software Jpp, described in
https://git.km3net.de/common/km3net-dataformat (folder ``detx``)::

    # comments, anywhere
    detector version              v1: detector, number of modules; nothing further
    valid-from valid-until        seconds since 1970, UTC
    UTM grid zone east north z    the place that positions are relative to, m
    number-of-modules
    id string floor [x y z  qw qx qy qz  t0] [status] number-of-tubes
     id x y z dx dy dz t0 [status]

The position, the rotation and the time offset of a module come with version 4, its status with 5;
the status of a tube with 3. The positions of tubes are in the detector's frame in all versions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from hitclr.errors import SchemaError

__all__ = ["Detx", "read_detx"]

_VERSIONS = {f"v{number}": number for number in range(2, 6)}
_MODULE_WORDS = {1: 4, 2: 4, 3: 4, 4: 12, 5: 13}
_TUBE_WORDS = {1: 8, 2: 8, 3: 9, 4: 9, 5: 9}
_UTM_WORDS = 6


@dataclass(frozen=True)
class Detx:
    """The photomultipliers of a detector, by module and then by channel.

    Attributes:
        file: the file.
        detector: the detector's id.
        version: of the format, 1 to 5.
        valid: from when to when it holds, seconds since 1970, UTC; None in version 1.
        dom_id: [P] int64, the module.
        channel_id: [P] int64, the channel in it: the place in the file, from 0.
        string: [P] int64, the string, as the file numbers it.
        floor: [P] int64, the floor on it.
        pos: [P, 3] float64, m.
        direction: [P, 3] float64, where the tube looks.
        t0: [P] float64, what is to be added to its hits' times, ns.
    """

    file: Path
    detector: int
    version: int
    valid: tuple[float, float] | None
    dom_id: NDArray[np.int64]
    channel_id: NDArray[np.int64]
    string: NDArray[np.int64]
    floor: NDArray[np.int64]
    pos: NDArray[np.float64]
    direction: NDArray[np.float64]
    t0: NDArray[np.float64]


def read_detx(file: Path) -> Detx:
    """Read a detector description.

    Raises:
        SchemaError: the file cannot be read, is no ``.detx`` of version 1 to 5, or is damaged; the
            message names the file and the line.
    """
    return _Reader(file).read()


class _Reader:
    """Reads one file line by line."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.number = 0
        self._lines = self._significant()

    def read(self) -> Detx:
        detector, version, modules = self._first()
        valid = None
        if version > 1:
            begin, end = self._floats(self._words("two times", 2), "seconds since 1970")
            valid = begin, end
            place = self._words("the reference point: UTM, grid, zone, east, north, z", _UTM_WORDS)
            if place[0] != "UTM":
                self._refuse("expected the reference point, which begins with UTM", place)
            self._floats(place[3:], "the coordinates of the reference point")
            modules = self._integer(self._words("the number of modules", 1)[0], least=0)
        ids: list[tuple[int, int, int, int]] = []
        numbers: list[list[float]] = []
        seen: dict[int, int] = {}
        for module in range(modules):
            dom, string, floor, tubes = self._module(version, f"module {module + 1} of {modules}")
            if dom in seen:
                message = f"expected each module once, {dom} is on line {seen[dom]} already"
                self._refuse(message)
            seen[dom] = self.number
            for channel in range(tubes):
                what = f"tube {channel + 1} of {tubes} of module {dom}"
                words = self._words(what, _TUBE_WORDS[version])
                ids.append((dom, channel, string, floor))
                numbers.append(self._floats(words[1:8], "position, direction and time offset"))
        rest = next(self._lines, None)
        if rest is not None:
            message = f"expected the end of the file after {modules} modules"
            self._refuse(message, rest)
        if not ids:
            self._refuse("expected photomultipliers, the file has none")
        dom_id, channel_id, strings, floors = np.array(ids, dtype=np.int64).T
        values = np.array(numbers, dtype=np.float64)
        return Detx(
            file=self.file,
            detector=detector,
            version=version,
            valid=valid,
            dom_id=dom_id,
            channel_id=channel_id,
            string=strings,
            floor=floors,
            pos=values[:, :3],
            direction=values[:, 3:6],
            t0=values[:, 6],
        )

    def _first(self) -> tuple[int, int, int]:
        """The detector, the version, and in version 1 the number of modules."""
        words = self._words("the detector and the version of the format", 2)
        detector = self._integer(words[0])
        word = words[1].lower()
        if not word.startswith("v"):
            return detector, 1, self._integer(words[1], least=0)
        if word not in _VERSIONS:
            message = f"expected a version of the format from 1 to 5, got {words[1]}"
            self._refuse(message, advice="write the file in version 5 (JConvertDetectorFormat)")
        return detector, _VERSIONS[word], 0

    def _module(self, version: int, what: str) -> tuple[int, int, int, int]:
        """The id, the string, the floor and the number of tubes of the next module."""
        words = self._words(what, _MODULE_WORDS[version])
        dom, string, floor = (self._integer(word) for word in words[:3])
        self._floats(words[3:11], "position, rotation and time offset of a module")
        return dom, string, floor, self._integer(words[-1], least=0)

    def _significant(self) -> Iterator[list[str]]:
        """The words of each line that has any and is no comment."""
        try:
            with self.file.open(encoding="utf-8") as lines:
                for number, line in enumerate(lines, start=1):
                    self.number = number
                    words = line.split()
                    if words and not words[0].startswith("#"):
                        yield words
        except OSError as error:
            message = (
                f"the detector description {self.file} cannot be read: {error.strerror or error}\n"
                f"  what to do: check the path under detx in the settings"
            )
            raise SchemaError(message) from error
        except UnicodeDecodeError as error:
            message = (
                f"{self.file}: expected a detector description as text (.detx), got a binary file\n"
                f"  what to do: convert a .datx with JConvertDetectorFormat -a FILE.datx -o "
                f"FILE.detx"
            )
            raise SchemaError(message) from error

    def _words(self, what: str, number: int) -> list[str]:
        words = next(self._lines, None)
        if words is None:
            message = f"expected {what}, the file ends here"
            self._refuse(message, advice="copy the file again, it is cut short")
        if len(words) != number:
            self._refuse(f"expected {what}: {number} words, there are {len(words)}", words)
        return words

    def _integer(self, word: str, least: int | None = None) -> int:
        try:
            value = int(word)
        except ValueError:
            self._refuse(f"expected a whole number, got {word!r}")
        if least is not None and value < least:
            self._refuse(f"expected a number of at least {least}, got {value}")
        return value

    def _floats(self, words: Sequence[str], what: str) -> list[float]:
        try:
            values = [float(word) for word in words]
        except ValueError:
            self._refuse(f"expected numbers ({what})", words)
        if not all(map(math.isfinite, values)):
            self._refuse(f"expected finite numbers ({what})", words)
        return values

    def _refuse(
        self,
        what: str,
        words: Sequence[str] = (),
        advice: str = "give a .detx file of version 1 to 5 as Jpp writes it",
    ) -> NoReturn:
        found = f": {' '.join(words)[:80]!r}" if words else ""
        message = f"{self.file}, line {self.number}: {what}{found}\n  what to do: {advice}"
        raise SchemaError(message) from None
