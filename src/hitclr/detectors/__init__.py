"""Detectors: parameters and throws, a particle gun, responses from deposits to hits."""

from hitclr.detectors.beam import PARTICLES, Beam, Primaries
from hitclr.detectors.channels import channel_uniform
from hitclr.detectors.deposits import Deposits
from hitclr.detectors.deposits_file import DepositsFile, read_deposits
from hitclr.detectors.deposits_info import DepositsInfo
from hitclr.detectors.detector import Detector
from hitclr.detectors.gun import LIQUID_ARGON, POLYSTYRENE, Material, shoot
from hitclr.detectors.parameter import DetectorParameter
from hitclr.detectors.throw import Throw, Throws
from hitclr.detectors.voxels import offsets, pack_cells, sum_cells, unpack_cells

__all__ = [
    "LIQUID_ARGON",
    "PARTICLES",
    "POLYSTYRENE",
    "Beam",
    "Deposits",
    "DepositsFile",
    "DepositsInfo",
    "Detector",
    "DetectorParameter",
    "Material",
    "Primaries",
    "Throw",
    "Throws",
    "channel_uniform",
    "offsets",
    "pack_cells",
    "read_deposits",
    "shoot",
    "sum_cells",
    "unpack_cells",
]
