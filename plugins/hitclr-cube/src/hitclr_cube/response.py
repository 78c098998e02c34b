"""From deposits to hits, for all events of a batch at once."""

from __future__ import annotations

import torch
from torch import Tensor

from hitclr import fields
from hitclr.detectors import Deposits, Throws, channel_uniform, offsets, sum_cells
from hitclr.events import EventStore
from hitclr_cube.geometry import (
    CUBES,
    FACES,
    SIDE,
    centre_of,
    cube_of,
    fibre_transmission,
    in_volume,
    number_of,
    numbered,
)
from hitclr_cube.light import visible_energy

__all__ = ["CROSSTALK", "expected_light", "respond"]

CROSSTALK = f"{fields.HIT_PREFIX}crosstalk"
"""The truth tag of a hit: 1 where all of its light leaked in from neighbours, else 0."""


def expected_light(deposits: Deposits, throws: Throws) -> tuple[Tensor, Tensor, Tensor]:
    """The mean number of photo-electrons in each cube that gets any light.

    A cube keeps 1 - 6c of its own light and gives c to each of the six that share a face with it;
    what leaves the detector is lost. The light that leaks in is read out by the fibres of the
    cube that it ends in.

    Returns:
        The event [K] and the number [K] of the cube, sorted by event, then number; and the mean
        of the direct and the leaked light [K, 2].
    """
    inside = in_volume(deposits.pos).nonzero().flatten()
    cube = cube_of(deposits.pos[inside])
    visible = visible_energy(deposits.energy[inside], deposits.length[inside])
    key, visible = sum_cells(deposits.event[inside] * CUBES + number_of(cube), visible)

    event, cube = key // CUBES, numbered(key % CUBES)
    light = throws["light_yield"][event] * visible
    crosstalk = throws["crosstalk"][event]
    steps = torch.tensor(FACES, device=key.device)
    beside = (cube[None] + steps[:, None]).reshape(-1, 3)
    there = ((beside >= 0) & (beside < SIDE)).all(1).nonzero().flatten()
    owner = event.repeat(len(FACES))[there]
    leaked = (crosstalk * light).repeat(len(FACES))[there]

    keys = torch.cat([key, owner * CUBES + number_of(beside[there])])
    amounts = leaked.new_zeros(keys.numel(), 2)
    amounts[: key.numel(), 0] = (1 - len(FACES) * crosstalk).clamp(min=0) * light
    amounts[key.numel() :, 1] = leaked
    keys, amounts = sum_cells(keys, amounts)
    event, number = keys // CUBES, keys % CUBES
    return event, number, amounts * fibre_transmission(numbered(number))[:, None]


def respond(deposits: Deposits, throws: Throws, generator: torch.Generator) -> EventStore:
    """The hits of B events; see `hitclr.detectors.Detector.respond`.

    Direct and leaked photo-electrons of a cube are Poisson distributed, each by itself; the charge
    is their sum. A hit has at least one photo-electron and the threshold, its cube is alive, and
    if it has no direct photo-electron, it is kept with the probability ``kept_crosstalk``.
    """
    event, number, mean = expected_light(deposits, throws)
    counts = torch.poisson(mean, generator=generator)
    charge = counts.sum(1)
    hit = ((charge > 0) & (charge >= throws["threshold"][event])).nonzero().flatten()
    owner = event[hit]
    alive = channel_uniform(number[hit], throws.channels[owner]) >= throws["dead_fraction"][owner]
    hit = hit[alive]

    tagged = counts[hit, 0] == 0
    chance = torch.rand(hit.numel(), generator=generator, device=hit.device)
    kept = ~tagged | (chance < throws["kept_crosstalk"][event[hit]])
    hit, tagged = hit[kept], tagged[kept]
    return EventStore(
        hits={
            fields.POS: centre_of(numbered(number[hit])),
            fields.X: charge[hit, None],
            CROSSTALK: tagged.long(),
        },
        events=dict(deposits.truth),
        ptr=offsets(event[hit], len(deposits)),
        feature_names=("charge",),
        feature_units=("pe",),
        position_unit="cm",
    )
