"""The particles that an event starts with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hitclr.errors import SettingsError, did_you_mean

__all__ = ["PARTICLES", "Beam", "Primaries"]

PARTICLES: Mapping[str, tuple[int, ...]] = {
    "electron": (11,),
    "photon": (22,),
    "muon": (13, -13),
    "pion": (211, -211),
    "proton": (2212,),
}
"""The PDG codes of each class; charges of a class are equally likely."""


@dataclass(frozen=True, eq=False)
class Primaries:
    """The primary particle of each of B events, as numpy arrays.

    Attributes:
        event: [B] int64, the event's id.
        pdg: [B] int64, the PDG code.
        energy: [B] float64, the kinetic energy in MeV.
        position: [B, 3] float64, where it starts, in cm.
        direction: [B, 3] float64, the unit vector along which it starts.
    """

    event: NDArray[np.int64]
    pdg: NDArray[np.int64]
    energy: NDArray[np.float64]
    position: NDArray[np.float64]
    direction: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.event)


@dataclass(frozen=True)
class Beam:
    """How primaries are drawn: one particle an event, in any direction.

    Attributes:
        particles: the classes, names of `PARTICLES`; equally likely.
        energy: the range of the kinetic energy in MeV; uniform.
        low: the lower corner of the box that the vertices lie in, in cm; uniform.
        high: its upper corner.

    Raises:
        SettingsError: a class is unknown, or the energies are not two positive numbers in order.
    """

    particles: tuple[str, ...]
    energy: tuple[float, float] = (80.0, 600.0)
    low: tuple[float, float, float] = (0.0, 0.0, 0.0)
    high: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        for name in self.particles:
            if name not in PARTICLES:
                message = f"no particle is called {name!r}. {did_you_mean(name, list(PARTICLES))}"
                raise SettingsError(message)
        if not self.particles:
            message = f"expected at least one particle of {', '.join(PARTICLES)}, got none"
            raise SettingsError(message)
        low, high = self.energy
        if not 0 < low <= high < float("inf"):
            message = f"energy: expected two numbers in MeV, 0 < low <= high, got {low:g}, {high:g}"
            raise SettingsError(message)

    def change(
        self,
        *,
        particles: tuple[str, ...] | None = None,
        energy: tuple[float, float] | None = None,
    ) -> Beam:
        """The same with other particles or energies.

        Raises:
            SettingsError: as for the class.
        """
        return replace(
            self,
            particles=self.particles if particles is None else particles,
            energy=self.energy if energy is None else energy,
        )

    def draw(self, first: int, count: int, random: np.random.Generator) -> Primaries:
        """The primaries of the events ``first`` to ``first + count``."""
        kinds = [np.array(PARTICLES[name]) for name in self.particles]
        choice = random.integers(len(kinds), size=count)
        charge = random.integers(2, size=count)
        table = np.stack([kind[[0, -1]] for kind in kinds])
        cosine = random.uniform(-1.0, 1.0, count)
        angle = random.uniform(0.0, 2 * np.pi, count)
        sine = np.sqrt(1 - cosine**2)
        return Primaries(
            event=np.arange(first, first + count, dtype=np.int64),
            pdg=table[choice, charge].astype(np.int64),
            energy=random.uniform(*self.energy, size=count),
            position=random.uniform(self.low, self.high, (count, 3)),
            direction=np.stack([sine * np.cos(angle), sine * np.sin(angle), cosine], 1),
        )
