"""What a file of deposits says about how they were made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import hitclr
from hitclr.detectors.beam import Beam

__all__ = ["DepositsInfo"]

_FORMAT = 1
_OPTIONS = {"events": "--events", "seed": "--seed", "first_event": "--first-event"}
_OPTIONS |= {"particles": "--particles", "energy": "--energy"}


@dataclass(frozen=True)
class DepositsInfo:
    """How the deposits of a file were made.

    Attributes:
        material: the name of the material.
        step: the longest track piece of one deposit, in cm.
        particles: the classes of the primary particles, names of `hitclr.detectors.PARTICLES`.
        energy: the range of their kinetic energy, in MeV.
        low: the lower corner of the box with the vertices, in cm.
        high: its upper corner.
        seed: the seed.
        events: how many events there are.
        first_event: the id of the first one.
        hitclr: the version of hitclr that made them.
    """

    material: str
    step: float
    particles: tuple[str, ...]
    energy: tuple[float, float]
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    seed: int
    events: int
    first_event: int = 0
    hitclr: str = hitclr.__version__

    @property
    def beam(self) -> Beam:
        """How the primaries were drawn."""
        return Beam(self.particles, self.energy, self.low, self.high)

    def to_metadata(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {"format": _FORMAT, **asdict(self)}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, Any]) -> DepositsInfo:
        """From what `to_metadata` gave.

        Raises:
            ValueError: it is not of this form; the message says what is wrong.
        """
        if metadata.get("format") != _FORMAT:
            message = (
                f"format {metadata.get('format')!r}, this version of hitclr reads format {_FORMAT}"
            )
            raise ValueError(message)
        names = [field.name for field in fields(cls)]
        missing = [name for name in names if name not in metadata]
        if missing:
            message = f"without {', '.join(missing)}"
            raise ValueError(message)
        values: dict[str, Any] = {name: metadata[name] for name in names}
        for name, value in values.items():
            values[name] = tuple(value) if isinstance(value, list) else value
        return cls(**values)

    def differences(self, wanted: Mapping[str, Any]) -> list[str]:
        """What is not as ``wanted``, a line each, with the option that asks for it.

        Args:
            wanted: values of some of the attributes.
        """
        return [
            f"{_OPTIONS.get(name, name)}: the file has {_words(getattr(self, name))}, "
            f"wanted {_words(value)}"
            for name, value in wanted.items()
            if getattr(self, name) != value
        ]


def _words(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(_words(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
