"""What happens to ionisation electrons in liquid argon: formulas, as pure functions on tensors."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = [
    "BIRKS_A",
    "BIRKS_K",
    "BOX_ALPHA",
    "BOX_BETA",
    "DENSITY",
    "TEMPERATURE",
    "WORK",
    "attenuation",
    "birks",
    "diffusion_width",
    "drift_velocity",
    "modified_box",
]

DENSITY = 1.396
"""Of liquid argon in g/cm3 (PDG, atomic and nuclear properties)."""
TEMPERATURE = 87.17
"""In K, as in larnd-sim (https://github.com/DUNE/larnd-sim), the simulation of ND-LAr."""
WORK = 23.6e-6
"""The energy that makes one electron, in MeV (Miyajima et al., Phys. Rev. A 9 (1974) 1438)."""

BOX_ALPHA, BOX_BETA = 0.93, 0.212
"""ArgoNeuT, JINST 8 (2013) P08005: alpha, and beta' in (kV/cm)(g/cm2)/MeV."""
_BOX_TOP = 0.466
BIRKS_A, BIRKS_K = 0.800, 0.0486
"""ICARUS, Nucl. Instrum. Meth. A 523 (2004) 275: A, and k in (kV/cm)(g/cm2)/MeV."""


def modified_box(dedx: Tensor, field: Tensor) -> Tensor:
    """The fraction of electrons that escape recombination: ln(alpha + xi)/xi, between 0 and 1.

    xi = beta' dE/dx / (rho E). ArgoNeuT, JINST 8 (2013) P08005, eq. 3. The form has its largest
    value, 0.716, at xi = 0.466, for 1.5 MeV/cm at 0.5 kV/cm; below, where it turns down and was not
    measured, that value stands.

    Args:
        dedx: [M] in MeV/cm.
        field: [M] in kV/cm.
    """
    xi = (BOX_BETA / DENSITY) * dedx / field
    xi = xi.clamp(min=_BOX_TOP)
    return (torch.log(BOX_ALPHA + xi) / xi).clamp(0.0, 1.0)


def birks(dedx: Tensor, field: Tensor) -> Tensor:
    """The same by Birks' law: A / (1 + k dE/dx / (rho E)).

    ICARUS, Nucl. Instrum. Meth. A 523 (2004) 275, eq. 4.
    """
    return BIRKS_A / (1 + (BIRKS_K / DENSITY) * dedx / field)


def drift_velocity(field: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """The drift velocity of electrons in cm/us.

    Walkowiak, Nucl. Instrum. Meth. A 449 (2000) 288, measured for 0.5 to 12.6 kV/cm and 87 to 94 K.
    The fit to all measurements by Li et al., Nucl. Instrum. Meth. A 816 (2016) 160, rises faster:
    at 87 K this is 2 % above it at 0.5 kV/cm, 4 % at 0.45 kV/cm and 9 % at 0.35 kV/cm.

    Args:
        field: [...] in kV/cm.
        temperature: in K.
    """
    p1, p2, p3, p4, p5, p6, t0 = -0.01481, -0.0075, 0.141, 12.4, 1.627, 0.317, 90.371
    shift = temperature - t0
    by_field = p3 * field * torch.log1p(p4 / field) + p5 * field**p6
    return 0.1 * ((p1 * shift + 1) * by_field + p2 * shift)


def attenuation(time: Tensor, lifetime: Tensor) -> Tensor:
    """The fraction of electrons left after a drift: exp(-t/tau), both in us."""
    return torch.exp(-time / lifetime)


def diffusion_width(time: Tensor, coefficient: Tensor) -> Tensor:
    """The width in cm of a cloud that drifted for a time in us: sqrt(2 D t), D in cm2/us."""
    return torch.sqrt(2 * coefficient * time)
