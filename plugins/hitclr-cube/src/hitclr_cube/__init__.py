"""A detector of 1 cm scintillator cubes for hitclr: response, schema and augmentations."""

from hitclr_cube.detector import CUBE, ScintillatorCube
from hitclr_cube.neighbour_light import NeighbourLight
from hitclr_cube.schema import SCHEMA
from hitclr_cube.symmetry import LatticeSymmetry
from hitclr_cube.threshold import ChargeThreshold
from hitclr_cube.voxelise import Voxelise

__all__ = [
    "CUBE",
    "SCHEMA",
    "ChargeThreshold",
    "LatticeSymmetry",
    "NeighbourLight",
    "ScintillatorCube",
    "Voxelise",
    "__version__",
]

__version__ = "0.1.0"
