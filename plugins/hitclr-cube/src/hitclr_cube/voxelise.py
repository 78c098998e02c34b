"""Back onto the lattice: hits that share a cell become one."""

from __future__ import annotations

import torch
from torch_geometric.data import Batch

from hitclr import fields
from hitclr.augment import Augmentation, Draws, check_number
from hitclr.detectors import offsets, unpack_cells
from hitclr.events import feature_index, hit_fields, replace_hits
from hitclr_cube.lattice import cell_centres, packed_cells
from hitclr_cube.response import CROSSTALK

__all__ = ["Voxelise"]


class Voxelise(Augmentation):
    """Put hits into cells, and make those that share one a single hit with their summed charge.

    For events that a rotation or a jitter took off the lattice. No charge is lost. Of hits that
    share a cell, other features are averaged, weighted with the charge (alike where there is
    none), and further hit columns, the truth tag among them, are those of the hit with most charge.
    Hits are sorted by cell. Nothing is random.

    Args:
        size: the width of a cell, in the unit of ``pos``. Cells begin at 0, as the cubes do.
        feature: the name of the charge.
        probability: the probability with which each event is changed.

    Raises:
        SettingsError: an argument is out of range.
        SchemaError: (on use) the batch has no such feature.
    """

    # The tag is among them: a hit that another augmentation added, a copy of an old one but for the
    # tag, may take the place of that one.
    writes = (fields.POS, fields.X, CROSSTALK)
    keeps_hits = False

    def __init__(
        self, size: float = 1.0, feature: str = "charge", probability: float = 1.0
    ) -> None:
        super().__init__(probability)
        self.size = check_number("Voxelise, size", size, low=1e-6)
        self.feature = feature

    def sample(self, batch: Batch, generator: torch.Generator) -> Draws:
        """Draw nothing."""
        return Draws(batch.ptr)

    def transform(self, batch: Batch, draws: Draws) -> Batch:
        """Sum the charge in each cell."""
        column = feature_index(batch, self.feature)
        packed = packed_cells(batch.batch, batch.pos, self.size)
        # By cell, and within a cell the most charge first.
        order = torch.argsort(batch.x[:, column], descending=True, stable=True)
        order = order[torch.argsort(packed[order], stable=True)]
        packed = packed[order]
        first = torch.ones_like(packed, dtype=torch.bool)
        first[1:] = packed[1:] != packed[:-1]
        starts = first.nonzero().flatten()
        cell = torch.cumsum(first, 0) - 1

        x = batch.x[order]
        charge = x[:, column, None]
        total = charge.new_zeros(starts.numel(), 1).index_add_(0, cell, charge)
        weight = torch.where(total[cell] > 0, charge, 1.0)
        weights = torch.zeros_like(total).index_add_(0, cell, weight)
        summed = x.new_zeros(starts.numel(), x.size(1)).index_add_(0, cell, weight * x)
        mean = summed / weights
        mean[:, column] = total[:, 0]

        brightest = order[starts]
        hits = {name: old[brightest] for name, old in hit_fields(batch).items()}
        event, place = unpack_cells(packed[starts])
        hits[fields.POS] = cell_centres(place, self.size).to(batch.pos.dtype)
        hits[fields.X] = mean
        return replace_hits(batch, hits, offsets(event, batch.num_graphs))
