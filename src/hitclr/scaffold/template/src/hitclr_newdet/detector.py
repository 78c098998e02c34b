"""The detector: its parameters, and what it makes of true energy deposits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from hitclr import fields
from hitclr.detectors import (
    POLYSTYRENE,
    Beam,
    Deposits,
    Detector,
    DetectorParameter,
    Material,
    Throw,
    Throws,
    channel_uniform,
    offsets,
    pack_cells,
    sum_cells,
    unpack_cells,
)
from hitclr.events import EventStore
from hitclr.io import Schema

from hitclr_newdet.schema import CLASSES, SCHEMA

__all__ = ["DETECTOR", "HALF", "WIDTH", "Modules"]

WIDTH = 2.0
"""The width of a module in cm."""

HALF = 100.0
"""Half a side of the detector in cm; the origin is its middle."""

PARAMETERS = (
    DetectorParameter(
        "light_yield", "pe/MeV", 5.0, 4.0, 6.0, "photo-electrons per MeV", minimum=0.0
    ),
    DetectorParameter("threshold", "pe", 3.0, 2.0, 5.0, "smallest charge of a hit", minimum=1.0),
    DetectorParameter(
        "dead_fraction",
        "",
        0.0,
        0.0,
        0.1,
        "part of the modules that give no signal",
        minimum=0.0,
        maximum=1.0,
    ),
)
"""What is uncertain: name, unit, nominal value, the range thought possible, meaning. Say here where
the numbers come from."""

NOMINAL = {parameter.name: parameter.nominal for parameter in PARAMETERS}

THROWS = (
    Throw("nominal", NOMINAL, "all parameters nominal"),
    *(
        Throw(f"{p.name.replace('_', '-')}-{word}", {**NOMINAL, p.name: end}, p.meaning)
        for p in PARAMETERS
        for word, end in (("low", p.low), ("high", p.high))
        if end != p.nominal
    ),
)
"""The settings that have a name: each parameter at the ends of its range."""


class Modules(Detector):
    """A cube of scintillator modules, each read out by itself."""

    name: ClassVar[str] = SCHEMA.name
    title: ClassVar[str] = "a cube of scintillator modules"
    material: ClassVar[Material] = POLYSTYRENE
    step: ClassVar[float] = 0.5
    parameters: ClassVar[tuple[DetectorParameter, ...]] = PARAMETERS
    throws: ClassVar[tuple[Throw, ...]] = THROWS
    beam: ClassVar[Beam] = Beam(
        particles=CLASSES, energy=(80.0, 600.0), low=(-50.0, -50.0, -50.0), high=(50.0, 50.0, 50.0)
    )
    schema: ClassVar[Schema] = SCHEMA
    augmentations: ClassVar[tuple[Mapping[str, Any], ...]] = (
        {"name": "newdet-light-yield"},
        {"name": "rotation"},
    )
    volume: ClassVar[tuple[tuple[float, float, float], tuple[float, float, float]]] = (
        (-HALF, -HALF, -HALF),
        (HALF, HALF, HALF),
    )

    def respond(self, deposits: Deposits, throws: Throws, generator: torch.Generator) -> EventStore:
        """The hits of all events at once: the middles of modules, and photo-electrons.

        The number of photo-electrons of a module is Poisson distributed, with ``light_yield`` times
        its energy as the mean. A hit reaches ``threshold``, in a module that is alive.
        """
        inside = ((deposits.pos >= -HALF) & (deposits.pos < HALF)).all(1)
        module = torch.floor(deposits.pos[inside] / WIDTH).long()
        cells = pack_cells(deposits.event[inside], module)
        cells, energy = sum_cells(cells, deposits.energy[inside])
        event, module = unpack_cells(cells)  # sorted by event

        charge = torch.poisson(throws["light_yield"][event] * energy, generator=generator)
        number = pack_cells(torch.zeros_like(event), module)  # of the module, in every event
        luck = channel_uniform(number, throws.channels[event])
        hit = (charge >= throws["threshold"][event]) & (luck >= throws["dead_fraction"][event])
        return EventStore(
            hits={fields.POS: (module[hit] + 0.5) * WIDTH, fields.X: charge[hit, None]},
            events=dict(deposits.truth),
            ptr=offsets(event[hit], len(deposits)),
            feature_names=("charge",),
            feature_units=("pe",),
            position_unit="cm",
        )


DETECTOR = Modules()
"""The detector that the plugin registers."""
