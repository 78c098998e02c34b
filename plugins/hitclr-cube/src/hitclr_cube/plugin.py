"""The entry point: what this package registers with hitclr."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hitclr import hookimpl
from hitclr_cube.detector import CUBE
from hitclr_cube.neighbour_light import NeighbourLight
from hitclr_cube.symmetry import LatticeSymmetry
from hitclr_cube.threshold import ChargeThreshold
from hitclr_cube.voxelise import Voxelise

if TYPE_CHECKING:
    from hitclr.augment import Augmentation
    from hitclr.detectors import Detector
    from hitclr.io import Schema
    from hitclr.plugins.registry import Registrar

__all__ = ["register_augmentations", "register_detectors", "register_schemas"]


@hookimpl
def register_detectors(registrar: Registrar[Detector]) -> None:
    """The detector of 1 cm cubes."""
    registrar.add(CUBE.name, CUBE)


@hookimpl
def register_schemas(registrar: Registrar[Schema]) -> None:
    """The schema of its simulated files."""
    registrar.add(CUBE.schema.name, CUBE.schema)


@hookimpl
def register_augmentations(registrar: Registrar[type[Augmentation]]) -> None:
    """What is uncertain or arbitrary in the detector."""
    registrar.add("cube-neighbour-light", NeighbourLight)
    registrar.add("cube-threshold", ChargeThreshold)
    registrar.add("cube-symmetry", LatticeSymmetry)
    registrar.add("cube-voxelise", Voxelise)
