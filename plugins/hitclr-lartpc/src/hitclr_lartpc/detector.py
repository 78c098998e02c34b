"""The detector object: what `hitclr simulate --detector lartpc` uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch

from hitclr.detectors import (
    LIQUID_ARGON,
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
from hitclr_lartpc.geometry import VOLUME
from hitclr_lartpc.parameters import PARAMETERS, THROWS
from hitclr_lartpc.response import respond
from hitclr_lartpc.schema import CLASSES, SCHEMA

__all__ = ["LARTPC", "LArTPC"]

_SOMETIMES = 0.35
"""Each of the augmentations but the threshold acts on an event with this probability: about two of
them, as in arXiv:2502.07724."""


class LArTPC(Detector):
    """A liquid-argon TPC with pixels, modelled on DUNE's near detector ND-LAr.

    Vertices are at least 1 m from the sides along y and z and fill four modules along the drift:
    showers are contained, muons above some 300 MeV may leave.
    """

    name: ClassVar[str] = "lartpc"
    title: ClassVar[str] = "liquid-argon TPC with pixels, modules of 1 m, 50 cm of drift"
    material: ClassVar[Material] = LIQUID_ARGON
    step: ClassVar[float] = 0.25
    parameters: ClassVar[tuple[DetectorParameter, ...]] = PARAMETERS
    throws: ClassVar[tuple[Throw, ...]] = THROWS
    beam: ClassVar[Beam] = Beam(
        particles=CLASSES,
        energy=(80.0, 600.0),
        low=(-200.0, -50.0, -150.0),
        high=(200.0, 50.0, 150.0),
    )
    schema: ClassVar[Schema] = SCHEMA
    volume = VOLUME
    augmentations: ClassVar[tuple[Mapping[str, Any], ...]] = (
        {"name": "lartpc-drift", "probability": _SOMETIMES},
        {"name": "rotation", "probability": _SOMETIMES},
        {"name": "hit-dropout", "probability": _SOMETIMES},
        {"name": "charge-scale", "probability": _SOMETIMES},
        {"name": "charge-smear", "probability": _SOMETIMES},
        {"name": "position-jitter", "sigma": 0.3, "probability": _SOMETIMES},
        {"name": "lartpc-threshold"},
    )

    def respond(self, deposits: Deposits, throws: Throws, generator: torch.Generator) -> EventStore:
        """The hits: voxel centres in cm, charge in thousands of electrons."""
        return respond(deposits, throws, generator)


LARTPC = LArTPC()
"""The detector that the plugin registers."""
