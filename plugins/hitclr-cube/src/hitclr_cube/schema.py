"""How the simulated files become events."""

from __future__ import annotations

from hitclr.detectors import PARTICLES
from hitclr.io import Column, Feature, LabelRule, Positions, Schema

__all__ = ["CLASSES", "SCHEMA"]

CLASSES = ("electron", "muon", "pion", "proton")
"""The four classes of arXiv:2502.07724's cube. There are no photons: a rule must not have a class
without events."""

SCHEMA = Schema(
    name="cube",
    description=(
        "Simulated events of 1 cm scintillator cubes: cube centres in cm, charge in "
        "photo-electrons, the class by the particle's PDG code."
    ),
    tree="events",
    positions=Positions(branches=("hits_x", "hits_y", "hits_z"), unit="cm"),
    features=(Feature(name="charge", branch="hits_charge", unit="pe"),),
    hit_columns={"crosstalk": "hits_crosstalk"},
    label=LabelRule(
        columns=(Column(branch="pdg"),),
        classes={name: tuple((code,) for code in PARTICLES[name]) for name in CLASSES},
    ),
    observers={"energy": Column(branch="energy")},
    key=Column(branch="event"),
)
"""``hit_crosstalk`` is 1 for a hit of leaked light alone. There is no axis: no direction is singled
out. A turned event is off the lattice, though: ``cube-voxelise`` puts it back."""
