"""The detector object: what `hitclr simulate --detector cube` uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch

from hitclr.detectors import (
    POLYSTYRENE,
    Beam,
    Deposits,
    Detector,
    DetectorParameter,
    Material,
    Throw,
    Throws,
)
from hitclr.events import EventStore
from hitclr.io import Schema
from hitclr_cube.geometry import HALF
from hitclr_cube.parameters import PARAMETERS, THROWS
from hitclr_cube.response import respond
from hitclr_cube.schema import CLASSES, SCHEMA

__all__ = ["CUBE", "ScintillatorCube"]

_VERTEX = 32.0
_SOMETIMES = 0.35
"""Each of the five generic augmentations acts on an event with this probability: about two of them,
as in arXiv:2502.07724."""


class ScintillatorCube(Detector):
    """A detector of 192 x 192 x 192 scintillator cubes of 1 cm, each read out by three fibres.

    Modelled on T2K's SuperFGD (arXiv:1707.01785, arXiv:2008.08861). Vertices are at least 64 cm
    from each side.
    """

    name: ClassVar[str] = "cube"
    title: ClassVar[str] = "1 cm scintillator cubes, read out by three fibres"
    material: ClassVar[Material] = POLYSTYRENE
    step: ClassVar[float] = 0.4
    parameters: ClassVar[tuple[DetectorParameter, ...]] = PARAMETERS
    throws: ClassVar[tuple[Throw, ...]] = THROWS
    beam: ClassVar[Beam] = Beam(
        particles=CLASSES,
        energy=(80.0, 600.0),
        low=(-_VERTEX, -_VERTEX, -_VERTEX),
        high=(_VERTEX, _VERTEX, _VERTEX),
    )
    schema: ClassVar[Schema] = SCHEMA
    volume = ((-HALF, -HALF, -HALF), (HALF, HALF, HALF))
    augmentations: ClassVar[tuple[Mapping[str, Any], ...]] = (
        {"name": "cube-neighbour-light"},
        {"name": "cube-symmetry"},
        {"name": "rotation", "probability": _SOMETIMES},
        {"name": "hit-dropout", "probability": _SOMETIMES},
        {"name": "charge-smear", "sigma": 0.25, "probability": _SOMETIMES},
        {"name": "position-jitter", "sigma": 1.0, "probability": _SOMETIMES},
        {"name": "cube-threshold", "probability": _SOMETIMES},
        {"name": "cube-voxelise"},
    )

    def respond(self, deposits: Deposits, throws: Throws, generator: torch.Generator) -> EventStore:
        """The hits: cube centres in cm, charge in photo-electrons, ``hit_crosstalk``."""
        return respond(deposits, throws, generator)


CUBE = ScintillatorCube()
"""The detector that the plugin registers."""
