"""What the particles cross: composition, density, and the constants of its tables."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LIQUID_ARGON", "POLYSTYRENE", "Element", "Material", "Sternheimer"]


@dataclass(frozen=True)
class Element:
    """An element of a compound.

    Attributes:
        charge: Z.
        mass: A in g/mol.
        fraction: the fraction of the material's mass.
    """

    charge: int
    mass: float
    fraction: float


@dataclass(frozen=True)
class Sternheimer:
    """The constants of the density effect (PDG, eq. 34.7; Sternheimer, Berger and Seltzer 1984)."""

    c: float
    x0: float
    x1: float
    a: float
    k: float
    delta0: float = 0.0


@dataclass(frozen=True)
class Material:
    """A material.

    Numbers are those of the PDG's tables of atomic and nuclear properties
    (https://pdg.lbl.gov/AtomicNuclearProperties), unless said otherwise.

    Attributes:
        name: its name.
        elements: what it is made of.
        density: in g/cm3.
        excitation: the mean excitation energy I in eV.
        sternheimer: the constants of the density effect.
        radiation_length: in g/cm2.
        capture: the fraction of stopped negative muons that a nucleus captures before they decay.
        capture_lifetime: the mean life of a negative muon bound in the material, in ns.
    """

    name: str
    elements: tuple[Element, ...]
    density: float
    excitation: float
    sternheimer: Sternheimer
    radiation_length: float
    capture: float
    capture_lifetime: float

    @property
    def charge_over_mass(self) -> float:
        """Z/A in mol/g."""
        return sum(e.fraction * e.charge / e.mass for e in self.elements)


LIQUID_ARGON = Material(
    name="liquid argon",
    elements=(Element(18, 39.948, 1.0),),
    density=1.396,
    excitation=188.0,
    sternheimer=Sternheimer(c=5.2146, x0=0.2000, x1=3.0000, a=0.19559, k=3.0000),
    radiation_length=19.55,
    # Suzuki, Measday and Roalsvig, Phys. Rev. C 35 (1987) 2212, table IV.
    capture=0.757,
    capture_lifetime=537.0,
)

POLYSTYRENE = Material(
    name="polystyrene",
    elements=(Element(1, 1.00794, 0.077421), Element(6, 12.0107, 0.922579)),
    density=1.060,
    excitation=68.7,
    sternheimer=Sternheimer(c=3.2999, x0=0.1647, x1=2.5031, a=0.16454, k=3.2224),
    radiation_length=43.79,
    # Muons stopped on hydrogen go over to carbon; the same reference.
    capture=0.0777,
    capture_lifetime=2026.3,
)
