"""How the simulated files become events."""

from __future__ import annotations

from hitclr.detectors import PARTICLES
from hitclr.io import Column, Feature, LabelRule, Positions, Schema

__all__ = ["CLASSES", "SCHEMA"]

CLASSES = ("electron", "photon", "muon", "pion", "proton")
"""The five classes of arXiv:2502.07724's argon detector."""

SCHEMA = Schema(
    name="lartpc",
    description=(
        "Simulated events of a pixel liquid-argon TPC: voxels in cm, charge in thousands of "
        "electrons, the class by the particle's PDG code."
    ),
    tree="events",
    positions=Positions(branches=("hits_x", "hits_y", "hits_z"), unit="cm"),
    features=(Feature(name="charge", branch="hits_charge", unit="ke"),),
    label=LabelRule(
        columns=(Column(branch="pdg"),),
        classes={name: tuple((code,) for code in PARTICLES[name]) for name in CLASSES},
    ),
    observers={"energy": Column(branch="energy")},
    key=Column(branch="event"),
    axis=(1.0, 0.0, 0.0),
)
"""The axis is the drift."""
