"""How the simulated files become events."""

from __future__ import annotations

from hitclr.detectors import PARTICLES
from hitclr.io import Column, Feature, LabelRule, Positions, Schema

__all__ = ["CLASSES", "SCHEMA"]

CLASSES = ("electron", "muon", "proton")
"""The particles that are shot, and the classes of their events."""

SCHEMA = Schema(
    name="newdet",
    description="Simulated events: the middles of modules in cm, charges in photo-electrons.",
    tree="events",
    positions=Positions(branches=("hits_x", "hits_y", "hits_z"), unit="cm"),
    features=(Feature(name="charge", branch="hits_charge", unit="pe"),),
    label=LabelRule(
        columns=(Column(branch="pdg"),),
        classes={name: tuple((code,) for code in PARTICLES[name]) for name in CLASSES},
    ),
    observers={"energy": Column(branch="energy")},
    key=Column(branch="event"),
)
"""The branches are those that `hitclr simulate` writes. The key is the same in all simulations of
one event, under whatever throw."""
