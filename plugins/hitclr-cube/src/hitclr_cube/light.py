"""The light of a scintillator cube: quenching, attenuation, crosstalk. Pure functions."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = [
    "BIRKS",
    "LONG_FRACTION",
    "LONG_LENGTH",
    "SHORT_LENGTH",
    "attenuation",
    "proton_range",
    "visible_energy",
]

BIRKS = 0.0126
"""Birks' constant kB of polystyrene scintillator, in cm/MeV: 0.126 mm/MeV.

R. L. Craun and D. L. Smith, Nucl. Instrum. Meth. 80 (1970) 239 (1.29e-2 g/cm2/MeV, divided by the
density); the value of Geant4's example ``extended/optical/wls`` for polystyrene.
"""

LONG_FRACTION, LONG_LENGTH, SHORT_LENGTH = 0.77, 463.4, 33.2
"""Attenuation in a 1 mm wavelength-shifting fibre (Kuraray Y-11): the share of the long component,
and the two lengths in cm.

The constants ``LongCompFrac_FGD``, ``LongAtt_FGD`` and ``ShortAtt_FGD`` of the simulation and
reconstruction of T2K's SuperFGD prototypes (0.77, 4634 mm, 332 mm).
"""

_RANGE, _POWER = 0.0022, 1.77


def proton_range(energy: Tensor) -> Tensor:
    """The range in cm of protons of a kinetic energy [M] in MeV.

    The rule of Bragg and Kleeman, R = 0.0022 cm (E / MeV)^1.77, with the numbers for water of
    T. Bortfeld, Med. Phys. 24 (1997) 2024, eq. 1; ranges in polystyrene are those in water within
    some 5 %, in cm.
    """
    return _RANGE * energy**_POWER


def visible_energy(energy: Tensor, length: Tensor, birks: float = BIRKS) -> Tensor:
    """What of a deposit becomes light, as the energy of a particle that is not quenched.

    Birks' law, dL/dx = (dE/dx) / (1 + kB dE/dx) (J. B. Birks, Proc. Phys. Soc. A 64 (1951) 874),
    with dE/dx = energy / length over the deposit.

    Where the length is 0 or tiny, dE/dx has no meaning. The gun leaves such deposits for the
    charged fragments of nuclei. They are taken as protons that stop: the length is at least the
    range of a proton with the energy of the deposit. No real track piece is shorter than that, so
    that nothing else changes.

    Args:
        energy: [M] the energy left, in MeV.
        length: [M] the length of the track piece, in cm.
        birks: kB in cm/MeV.

    Returns:
        [M], in MeV; at most ``energy``.

    >>> visible_energy(torch.tensor([2.0, 5.0]), torch.tensor([1.0, 0.0]))
    tensor([1.9508, 1.8807])
    """
    tiny = torch.finfo(energy.dtype).tiny
    path = torch.maximum(length, proton_range(energy)).clamp(min=tiny)
    return energy * path / (path + birks * energy)


def attenuation(distance: Tensor) -> Tensor:
    """The part of the light that is left after a distance [...] in cm along a fibre.

    f exp(-d / long) + (1 - f) exp(-d / short), with the constants of this module.

    >>> attenuation(torch.tensor([0.0, 96.0]))
    tensor([1.0000, 0.6387])
    """
    long = LONG_FRACTION * torch.exp(-distance / LONG_LENGTH)
    return long + (1 - LONG_FRACTION) * torch.exp(-distance / SHORT_LENGTH)
