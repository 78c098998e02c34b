"""Particles shot into a material: the entrance to the particle gun."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from hitclr.detectors.beam import Primaries
from hitclr.detectors.deposits import Deposits
from hitclr.detectors.gun.account import Account
from hitclr.detectors.gun.material import Material
from hitclr.detectors.gun.particles import PDG_TO_KIND, Particles
from hitclr.detectors.gun.tables import HIGHEST
from hitclr.detectors.gun.transport import Transport
from hitclr.errors import SettingsError

__all__ = ["shoot", "shoot_and_account"]

Floats = NDArray[np.float64]


def shoot(
    primaries: Primaries, material: Material, random: np.random.Generator, *, step: float
) -> Deposits:
    """Follow each primary particle and all that it makes, and keep what ionises.

    Args:
        primaries: one particle for each of B events.
        material: what it flies through; it has no end.
        random: the source of randomness.
        step: the longest piece of a track that becomes one deposit, in cm.

    Returns:
        The deposits of the B events, with the primaries as ``truth``.

    Raises:
        SettingsError: a particle is of a kind that is not followed, has more energy than the tables
            or none, or the step is not positive.
    """
    return shoot_and_account(primaries, material, random, step=step)[0]


def shoot_and_account(
    primaries: Primaries, material: Material, random: np.random.Generator, *, step: float
) -> tuple[Deposits, dict[str, Floats]]:
    """The same, and the energy [B] in MeV of each event that does not ionise.

    The names are those of `hitclr.detectors.gun.account.UNSEEN`. Deposits and these together are
    the primary's kinetic energy, with the rest energy of muons and pions and, of a positron, two
    electron masses.
    """
    _check(primaries, step)
    count = len(primaries)
    account = Account(count)
    kinds = np.array([PDG_TO_KIND[code] for code in primaries.pdg.tolist()], dtype=np.int64)
    particles = Particles(
        np.arange(count),
        kinds,
        primaries.position.astype(np.float64),
        primaries.direction.astype(np.float64),
        primaries.energy.astype(np.float64),
        np.zeros(count),
        np.zeros(count),
    )
    Transport(material, step, account, random).run(particles)
    return account.deposits(_truth(primaries)), account.unseen


def _check(primaries: Primaries, step: float) -> None:
    unknown = sorted(set(primaries.pdg.tolist()) - set(PDG_TO_KIND))
    if unknown:
        message = (
            f"the gun does not follow particles with the PDG codes {unknown}; it knows "
            f"{sorted(PDG_TO_KIND)}"
        )
        raise SettingsError(message)
    energy = primaries.energy
    if len(energy) and not (energy.min() > 0 and energy.max() <= HIGHEST):
        message = (
            f"expected kinetic energies above 0 and up to {HIGHEST:g} MeV, got "
            f"{energy.min():g} to {energy.max():g}"
        )
        raise SettingsError(message)
    if not 0 < step < np.inf:
        message = f"expected a positive step in cm, got {step:g}"
        raise SettingsError(message)


def _truth(primaries: Primaries) -> dict[str, torch.Tensor]:
    truth = {
        "event": torch.from_numpy(primaries.event),
        "pdg": torch.from_numpy(primaries.pdg),
        "energy": torch.from_numpy(primaries.energy.astype(np.float32)),
    }
    for name, vectors in (("vertex", primaries.position), ("direction", primaries.direction)):
        for column, axis in enumerate("xyz"):
            values = vectors[:, column].astype(np.float32)
            truth[f"{name}_{axis}"] = torch.from_numpy(values)
    return truth
