"""Multiple scattering."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["scattering_cosines", "scattering_variance"]

Floats = NDArray[np.float64]


def scattering_variance(path: Floats, step: Floats, momentum_beta: Floats, length: float) -> Floats:
    """The variance theta_0^2 of the plane angle that a step adds, in rad2.

    Highland's formula in the form of Lynch and Dahl (PDG, eq. 34.16) holds for a whole thickness
    and does not add up: many small steps by themselves scatter too little. So a step adds what the
    formula grows by from the path before the step to the path after it, at the present momentum.

    Args:
        path: [N] the path before the step, in cm.
        step: [N] the step in cm.
        momentum_beta: [N] momentum times velocity, beta p c, in MeV.
        length: the radiation length in cm.
    """

    def grown(distance: Floats) -> Floats:
        thickness = np.maximum(distance / length, 1e-12)
        factor = np.maximum(1 + 0.038 * np.log(thickness), 0.2)
        made: Floats = thickness * factor * factor
        return made

    growth = grown(path + step) - grown(path)
    return (13.6 / momentum_beta) ** 2 * np.maximum(growth, 0.0)


def scattering_cosines(variance: Floats, random: np.random.Generator) -> Floats:
    """Cosines of polar angles whose projections on a plane have the given variance.

    From the density exp(cos(theta)/variance) on the sphere (von Mises and Fisher): Gaussian for
    small angles, even over the sphere for large ones.
    """
    u = random.random(len(variance))
    spread = np.maximum(variance, 1e-12)
    cosine: Floats = 1 + spread * np.log(u + (1 - u) * np.exp(-2 / spread))
    return np.maximum(cosine, -1.0)
