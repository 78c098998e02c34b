"""A detector of the tests: deposits in cells of 1 cm, with a gain, noise and a threshold.

A module of its own, so that tests can install it as a plugin.
"""

from __future__ import annotations

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
from hitclr.io import Feature, Positions, Schema


class ToyDetector(Detector):
    name = "toy"
    title = "cells of 1 cm"
    material = LIQUID_ARGON
    step = 0.5
    parameters = (
        DetectorParameter("gain", "ADC/MeV", 10.0, 8.0, 12.0, "charge per energy", minimum=0.0),
        DetectorParameter("noise", "ADC", 1.0, 0.5, 2.0, "spread of the charge", minimum=0.0),
    )
    throws = (
        Throw("nominal", {"gain": 10.0, "noise": 1.0}),
        Throw("low-gain", {"gain": 8.0, "noise": 1.0}, "less charge"),
        Throw("blind", {"gain": 0.0, "noise": 0.0}, "no hits"),
    )
    beam = Beam(("muon", "electron"), (5.0, 20.0))
    schema = Schema(
        name="toy-detector",
        tree="events",
        positions=Positions(branches=("hits_x", "hits_y", "hits_z"), unit="cm"),
        features=(Feature(name="charge", branch="hits_charge", unit="ADC"),),
        hit_columns={"deposits": "hits_deposits"},
        label={"columns": "pdg", "classes": {"muon": [13, -13], "electron": 11}},
        observers={"energy": "energy"},
        key="event",
    )
    minimum_hits = 4

    def respond(self, deposits, throws, generator):
        cell = torch.floor(deposits.pos).long()
        packed = pack_cells(deposits.event, cell)
        ones = torch.ones_like(packed)
        packed, energy, number = sum_cells(packed, deposits.energy, ones)
        event, cell = unpack_cells(packed)
        noise = torch.randn(event.numel(), generator=generator)
        charge = throws["gain"][event] * energy + throws["noise"][event] * noise
        keep = charge > 0.5
        return EventStore(
            hits={
                "pos": cell[keep] + 0.5,
                "x": charge[keep, None],
                "hit_deposits": number[keep].to(torch.int32),
            },
            events=dict(deposits.truth),
            ptr=offsets(event[keep], len(deposits)),
            feature_names=("charge",),
            feature_units=("ADC",),
            position_unit="cm",
        )


class BrokenDetector(ToyDetector):
    """Fails in its second block of events."""

    name = "broken"

    def respond(self, deposits, throws, generator):
        if int(deposits.truth["event"][0]) > 0:
            message = "the high voltage is off"
            raise RuntimeError(message)
        return super().respond(deposits, throws, generator)


@hitclr.hookimpl
def register_detectors(registrar):
    registrar.add("toy", ToyDetector())
    registrar.add("broken", BrokenDetector())
