"""More or less light from neighbouring cubes."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import Batch
from torch_geometric.utils import scatter

from hitclr import fields
from hitclr.augment import (
    Augmentation,
    Draws,
    Parameter,
    add_hits,
    check_number,
    check_parameter,
    drop_hits,
    sample_parameter,
)
from hitclr.detectors import offsets, sum_cells, unpack_cells
from hitclr.errors import AugmentationError, SettingsError
from hitclr.events import batch_from_ptr, feature_index, hit_fields
from hitclr_cube.lattice import around, cell_centres, find_cells, packed_cells
from hitclr_cube.response import CROSSTALK

__all__ = ["NeighbourLight"]

_NOTHING, _TAKE_OUT, _PUT_IN = 0, 1, 2
_FACES = 6


class NeighbourLight(Augmentation):
    """Take out hits that may be optical crosstalk, or put more of them in, from charges alone.

    With the probability ``take_out`` an event loses hits: each that is not the brightest, and has
    less than ``part`` of the charge of its six face neighbours together plus ``slack``, is dropped
    with the probability ``dropped``. With the probability ``put_in`` it gets hits: each empty face
    neighbour of a hit gets Poisson light about ``crosstalk`` times the charge of its own face
    neighbours; of those with the threshold or more, each stays with the probability ``kept``. Else
    nothing happens.

    No truth tag is read, so that it can be used on real events. It needs hits on the lattice and
    comes before rotations and jitter. What is approximate: the hits know only charges above
    threshold, after attenuation and with crosstalk in them; dead cubes and the ends of the detector
    are not known. A new hit takes columns other than position and charge from the brightest of its
    neighbours; ``hit_crosstalk``, where there is one, is 1.

    Args:
        take_out: the probability that an event loses hits.
        put_in: the probability that it gets hits; the two together are at most 1.
        dropped: the probability that a suspicious hit is dropped; drawn per event.
        kept: the probability that a new hit is kept; drawn per event.
        crosstalk: the part of a cube's charge that leaks through a face; drawn per event.
        part: a suspicious hit has less than this part of its neighbours' charge ...
        slack: ... plus this, in photo-electrons.
        threshold: the smallest charge of a new hit, in photo-electrons.
        size: the width of a cube, in the unit of ``pos``.
        feature: the name of the charge.
        probability: the probability with which each event is changed at all.

    Raises:
        SettingsError: an argument is out of range.
        SchemaError: (on use) the batch has no such feature.
    """

    writes = ()
    keeps_hits = False

    def __init__(
        self,
        take_out: float = 0.375,
        put_in: float = 0.375,
        dropped: Parameter = (0.0, 1.0),
        kept: Parameter = (0.0, 1.0),
        crosstalk: Parameter = (0.02, 0.05),
        part: float = 0.06,
        slack: float = 4.0,
        threshold: float = 2.5,
        size: float = 1.0,
        feature: str = "charge",
        probability: float = 1.0,
    ) -> None:
        super().__init__(probability)
        self.take_out = check_number("NeighbourLight, take_out", take_out, low=0.0, high=1.0)
        self.put_in = check_number("NeighbourLight, put_in", put_in, low=0.0, high=1.0)
        if self.take_out + self.put_in > 1:
            message = (
                f"NeighbourLight: expected take_out + put_in of at most 1, got "
                f"{self.take_out:g} + {self.put_in:g}"
            )
            raise SettingsError(message)
        self.dropped = check_parameter("NeighbourLight, dropped", dropped, low=0.0, high=1.0)
        self.kept = check_parameter("NeighbourLight, kept", kept, low=0.0, high=1.0)
        self.crosstalk = check_parameter("NeighbourLight, crosstalk", crosstalk, low=0.0, high=1.0)
        self.part = check_number("NeighbourLight, part", part, low=0.0)
        self.slack = check_number("NeighbourLight, slack", slack, low=0.0)
        self.threshold = check_number("NeighbourLight, threshold", threshold, low=0.0)
        self.size = check_number("NeighbourLight, size", size, low=1e-6)
        self.feature = feature

    def sample(self, batch: Batch, generator: torch.Generator) -> Draws:
        """Draw what happens to each event, the chance of each hit, and the new hits.

        Per event ``mode`` (0 nothing, 1 take out, 2 put in), ``dropped``, ``kept`` and
        ``crosstalk``; per hit ``chance``. The added draws [M]: ``cell`` [M, 3], ``charge`` and
        ``hit``, the brightest neighbour, counted within the event.
        """
        device, events = generator.device, batch.num_graphs
        chance = torch.rand(events, generator=generator, device=device)
        mode = torch.full((events,), _NOTHING, device=device)
        mode[chance < self.take_out + self.put_in] = _PUT_IN
        mode[chance < self.take_out] = _TAKE_OUT
        event = {
            "mode": mode,
            "dropped": sample_parameter(self.dropped, events, generator),
            "kept": sample_parameter(self.kept, events, generator),
            "crosstalk": sample_parameter(self.crosstalk, events, generator),
        }
        hit_chance = torch.rand(batch.pos.size(0), generator=generator, device=device)
        added, added_ptr = self._new_hits(batch, event, generator)
        return Draws(
            ptr=batch.ptr,
            event=event,
            hit={"chance": hit_chance},
            added=added,
            added_ptr=added_ptr,
        )

    def transform(self, batch: Batch, draws: Draws) -> Batch:
        """Drop the suspicious hits whose chance is below that of their event; add the new ones."""
        if draws.added_ptr is None:
            message = (
                "NeighbourLight: expected draws with hits to add, these are another augmentation's"
            )
            raise AugmentationError(message)
        column = feature_index(batch, self.feature)
        source = batch.ptr[batch_from_ptr(draws.added_ptr)] + draws.added["hit"]
        hits = {name: old[source] for name, old in hit_fields(batch).items()}
        hits[fields.POS] = cell_centres(draws.added["cell"], self.size).to(batch.pos.dtype)
        hits[fields.X][:, column] = draws.added["charge"].to(batch.x.dtype)
        if CROSSTALK in hits:
            hits[CROSSTALK] = torch.ones_like(hits[CROSSTALK])

        lost = self.suspicious(batch) & (draws.event["mode"] == _TAKE_OUT)[batch.batch]
        lost &= draws.hit["chance"] < draws.event["dropped"][batch.batch]
        # The new hits belong to events that lose none, the offsets of which stand.
        return add_hits(drop_hits(batch, ~lost, batch.x[:, column]), hits, draws.added_ptr)

    def suspicious(self, batch: Batch) -> Tensor:
        """Which hits may be crosstalk, from charges alone: [N] bool, never the brightest one."""
        charge = batch.x[:, feature_index(batch, self.feature)]
        if charge.numel() == 0:
            return torch.zeros_like(charge, dtype=torch.bool)
        packed = packed_cells(batch.batch, batch.pos, self.size)
        cells, total = sum_cells(packed, charge)
        limit = self.part * _around(cells, total, packed).sum(1) + self.slack
        brightest = scatter(charge, batch.batch, dim_size=batch.num_graphs, reduce="max")
        found: Tensor = (charge < limit) & (charge < brightest[batch.batch])
        return found

    def _new_hits(
        self, batch: Batch, event: dict[str, Tensor], generator: torch.Generator
    ) -> tuple[dict[str, Tensor], Tensor]:
        """The hits that are put in, and their offsets [B+1]."""
        device = generator.device
        owner, pos, ptr = (each.to(device) for each in (batch.batch, batch.pos, batch.ptr))
        charge = batch.x[:, feature_index(batch, self.feature)].to(device)
        rows = (event["mode"] == _PUT_IN)[owner].nonzero().flatten()
        packed = packed_cells(owner[rows], pos[rows], self.size)
        cells, total = sum_cells(packed, charge[rows])
        # In double precision, so that the order of summation on a GPU does not show.
        beside, leaking = sum_cells(
            around(cells).flatten(), total.double().repeat_interleave(_FACES)
        )
        if cells.numel() > 0:
            empty = ~find_cells(cells, beside)[1]
            beside, leaking = beside[empty], leaking[empty].clamp(min=0)
        place, _ = unpack_cells(beside)
        light = torch.poisson(event["crosstalk"][place] * leaking.float(), generator=generator)
        chance = torch.rand(beside.numel(), generator=generator, device=device)
        some = (light > 0) & (light >= self.threshold) & (chance < event["kept"][place])
        beside, light = beside[some], light[some]

        place, cell = unpack_cells(beside)
        near = _around(cells, total, beside)
        brightest = around(beside).gather(1, near.argmax(1, keepdim=True)).flatten()
        order = torch.argsort(packed, stable=True)
        first = rows[order][torch.searchsorted(packed[order], brightest)]
        added = {"cell": cell, "charge": light, "hit": first - ptr[place]}
        return added, offsets(place, batch.num_graphs)


def _around(cells: Tensor, charge: Tensor, wanted: Tensor) -> Tensor:
    """The charge [M, 6] in the six cells around each wanted one [M]; 0 where there is no hit."""
    if cells.numel() == 0:
        return charge.new_zeros(wanted.numel(), 6)
    place, there = find_cells(cells, around(wanted))
    return torch.where(there, charge[place], 0.0)
