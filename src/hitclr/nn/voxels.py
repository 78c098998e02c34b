"""The voxel of each hit, found while positions still have their unit."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch_geometric.data import Batch

from hitclr.errors import HitclrError
from hitclr.events import hit_fields, replace_hits
from hitclr.nn.options import check_above_zero

__all__ = ["HIT_CELL", "Voxels"]

HIT_CELL = "hit_cell"
"""The hit column that `Voxels` makes."""

_SLACK = 1e-3
_FURTHEST = 2**31


@dataclass(frozen=True)
class Voxels:
    """Gives each hit its voxel, in the place of edges.

    An encoder on a lattice declares it as its edge builder. The builder runs before positions are
    standardised, so the cell is in the unit that the schema names. Cells begin at 0 and depend on
    the position alone.

    Attributes:
        cell: the width of a voxel, in the unit of the positions.

    Raises:
        SettingsError: ``cell`` is not a finite number above 0.

    >>> import torch
    >>> from hitclr.events import make_batch
    >>> hits = {"pos": torch.tensor([[0.5, 0.5, -0.5], [2.0, 0.1, 0.0]])}
    >>> Voxels(cell=1.0)(make_batch(hits, {}, torch.tensor([0, 1, 2]), [])).hit_cell.tolist()
    [[0, 0, -1], [2, 0, 0]]
    """

    cell: float

    def __post_init__(self) -> None:
        check_above_zero("Voxels", cell=self.cell)

    def __call__(self, batch: Batch) -> Batch:
        """The batch with the voxel of each hit.

        Args:
            batch: the events; they are not changed.

        Returns:
            A new batch with ``hit_cell`` [N, 3] int64, ``floor(pos / cell)``, where a position
            less than a thousandth of a cell below an edge counts as on it: the points of a lattice
            that lie on the edges must not be torn apart by rounding.

        Raises:
            HitclrError: a position is not finite, or more than 2^31 cells from the origin.
        """
        place = torch.floor(batch.pos.detach().double() / self.cell + _SLACK)
        good = place.abs() < _FURTHEST  # false for what is not a number, too
        if not bool(good.all()):
            hit = int((~good).any(1).nonzero()[0])
            message = (
                f"voxels of {self.cell:g}: expected finite positions within 2^31 voxels of the "
                f"origin, got {batch.pos[hit].tolist()} in event {int(batch.batch[hit])} of the "
                f"batch. Leave such events out when reading (bad input: skip), or give a larger "
                f"cell."
            )
            raise HitclrError(message)
        return replace_hits(batch, {**hit_fields(batch), HIT_CELL: place.long()})
