"""A plugin whose detector declares a gain and does not look at it."""

import torch

import hitclr
from hitclr.detectors import (
    LIQUID_ARGON,
    Beam,
    Detector,
    DetectorParameter,
    Throw,
    offsets,
    pack_cells,
    sum_cells,
    unpack_cells,
)
from hitclr.events import EventStore
from hitclr.io import load_schema

SCHEMA = load_schema(
    {
        "name": "deaf",
        "tree": "events",
        "positions": {"branches": ["hits_x", "hits_y", "hits_z"], "unit": "cm"},
        "features": [{"name": "charge", "branch": "hits_charge", "unit": "MeV"}],
        "label": {"columns": "pdg", "classes": {"electron": 11, "muon": [13, -13]}},
        "key": "event",
    }
)


class Deaf(Detector):
    """Cells of 1 cm that sum the energy."""

    name = "deaf"
    title = "cells of 1 cm"
    material = LIQUID_ARGON
    step = 0.5
    parameters = (
        DetectorParameter("threshold", "MeV", 0.5, 0.2, 1.0, "least charge", minimum=0.0),
        DetectorParameter("gain", "", 1.0, 0.9, 1.1, "charge read out over charge", minimum=0.1),
    )
    throws = (Throw("nominal", {"threshold": 0.5, "gain": 1.0}),)
    beam = Beam(("electron", "muon"))
    schema = SCHEMA

    def respond(self, deposits, throws, generator):
        cells = pack_cells(deposits.event, torch.floor(deposits.pos).long())
        packed, charge = sum_cells(cells, deposits.energy)
        event, cell = unpack_cells(packed)
        keep = charge >= throws["threshold"][event]
        return EventStore(
            hits={"pos": cell[keep] + 0.5, "x": charge[keep, None]},
            events=dict(deposits.truth),
            ptr=offsets(event[keep], len(deposits)),
            feature_names=("charge",),
            feature_units=("MeV",),
            position_unit="cm",
        )


DEAF = Deaf()


@hitclr.hookimpl
def register_detectors(registrar):
    registrar.add("deaf", DEAF)


@hitclr.hookimpl
def register_schemas(registrar):
    registrar.add("deaf", SCHEMA)
