"""The particle gun: a Monte Carlo of single particles in one infinite material."""

from hitclr.detectors.gun.material import LIQUID_ARGON, POLYSTYRENE, Material
from hitclr.detectors.gun.shoot import shoot

__all__ = ["LIQUID_ARGON", "POLYSTYRENE", "Material", "shoot"]
