"""Cells of one size, event by event, and what lies in the six cells around one.

For batches of any origin: unlike `hitclr_cube.geometry`, nothing here knows where the detector
ends.
"""

from __future__ import annotations

import torch
from torch import Tensor

from hitclr.detectors import pack_cells

__all__ = ["around", "cell_centres", "find_cells", "packed_cells"]

_STEPS = (-(1 << 32), 1 << 32, -(1 << 16), 1 << 16, -1, 1)
"""What `pack_cells` changes by from a cell to the six that share a face with it."""


def packed_cells(event: Tensor, pos: Tensor, size: float) -> Tensor:
    """One integer [N] for the event and the cell of each position, as `pack_cells` makes it.

    Cells are ``size`` wide and begin at 0, as the cubes of the detector do.

    Args:
        event: [N] int64, 0 to 32767.
        pos: [N, 3], within 32767 cells of the origin.
        size: the width of a cell, in the unit of ``pos``.
    """
    return pack_cells(event, torch.floor(pos / size).long())


def cell_centres(cell: Tensor, size: float) -> Tensor:
    """The centre [N, 3] float32 of each cell [N, 3]."""
    return (cell.to(torch.float32) + 0.5) * size


def around(packed: Tensor) -> Tensor:
    """The six cells [N, 6] around each cell [N]."""
    steps = torch.tensor(_STEPS, device=packed.device)
    return packed[:, None] + steps


def find_cells(cells: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """Where cells are in a sorted list.

    Args:
        cells: [K] int64, sorted, each once; at least one.
        wanted: [...] int64.

    Returns:
        The place [...] in ``cells``, and whether it is there [...] bool; where it is not, the place
        means nothing.

    >>> find_cells(torch.tensor([2, 5]), torch.tensor([5, 3]))
    (tensor([1, 1]), tensor([ True, False]))
    """
    place = torch.searchsorted(cells, wanted).clamp(max=cells.numel() - 1)
    return place, cells[place] == wanted
