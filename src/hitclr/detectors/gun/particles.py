"""The particles that the gun follows: their properties, and many of them side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ELECTRON",
    "ELECTRON_MASS",
    "KINDS",
    "LIGHT",
    "MASS",
    "MEAN_LIFE",
    "MUON_MASS",
    "MUON_MINUS",
    "MUON_PLUS",
    "NEUTRAL_PION_MASS",
    "NEUTRON",
    "NUCLEON_MASS",
    "PDG_TO_KIND",
    "PHOTON",
    "PION_MASS",
    "PION_MINUS",
    "PION_PLUS",
    "POSITRON",
    "PROTON",
    "Particles",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LIGHT = 29.9792458
"""The speed of light in cm/ns."""

ELECTRON, POSITRON, PHOTON, MUON_MINUS, MUON_PLUS, PION_MINUS, PION_PLUS, PROTON, NEUTRON = range(9)
KINDS = 9

PDG_TO_KIND = {
    11: ELECTRON,
    -11: POSITRON,
    22: PHOTON,
    13: MUON_MINUS,
    -13: MUON_PLUS,
    -211: PION_MINUS,
    211: PION_PLUS,
    2212: PROTON,
    2112: NEUTRON,
}

# Masses in MeV and mean lives in ns: PDG, Review of Particle Physics 2024, particle listings.
ELECTRON_MASS = 0.51099895
MUON_MASS = 105.6583755
PION_MASS = 139.57039
NEUTRAL_PION_MASS = 134.9768
NUCLEON_MASS = 938.27208816
"""The proton's; the neutron is given the same, so that scattering conserves kinetic energy."""

MASS: Floats = np.array(
    [
        ELECTRON_MASS,
        ELECTRON_MASS,
        0.0,
        MUON_MASS,
        MUON_MASS,
        PION_MASS,
        PION_MASS,
        NUCLEON_MASS,
        NUCLEON_MASS,
    ]
)
MEAN_LIFE: Floats = np.full(KINDS, np.inf)
MEAN_LIFE[[MUON_MINUS, MUON_PLUS]] = 2196.9811
MEAN_LIFE[[PION_MINUS, PION_PLUS]] = 26.033


@dataclass
class Particles:
    """N particles in flight.

    Attributes:
        event: [N] int64, the row of the event that each belongs to.
        kind: [N] int64, what it is: an index such as `ELECTRON`.
        pos: [N, 3] float64, where it is, in cm.
        direction: [N, 3] float64, the unit vector along which it flies.
        energy: [N] float64, its kinetic energy in MeV.
        time: [N] float64, in ns since the event's start.
        path: [N] float64, how far it has come since it was made, in cm.
    """

    event: Ints
    kind: Ints
    pos: Floats
    direction: Floats
    energy: Floats
    time: Floats
    path: Floats

    def __len__(self) -> int:
        return len(self.event)

    def take(self, rows: NDArray[np.generic]) -> Particles:
        """The particles in ``rows``, a mask or indices."""
        return Particles(*(getattr(self, field.name)[rows] for field in fields(self)))

    def child(
        self, rows: NDArray[np.generic], kind: int | Ints, energy: Floats, direction: Floats
    ) -> Particles:
        """New particles where and when those in ``rows`` are."""
        event = self.event[rows]
        return Particles(
            event,
            np.broadcast_to(np.asarray(kind, dtype=np.int64), event.shape).copy(),
            self.pos[rows],
            direction,
            energy,
            self.time[rows],
            np.zeros(len(event)),
        )

    @staticmethod
    def join(parts: Sequence[Particles]) -> Particles:
        """All particles of all parts."""
        if len(parts) == 1:
            return parts[0]
        return Particles(
            *(
                np.concatenate([getattr(p, field.name) for p in parts])
                for field in fields(Particles)
            )
        )
