"""The symmetries of the lattice of cubes."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor
from torch_geometric.data import Batch
from torch_geometric.utils import segment

from hitclr import fields
from hitclr.augment import Augmentation, Draws, check_number
from hitclr.events import replace_hits

__all__ = ["LatticeSymmetry"]

_SYMMETRIES = tuple(
    (axes, signs)
    for axes in itertools.permutations(range(3))
    for signs in itertools.product((1, -1), repeat=3)
)
"""All 48: the old axis of each new one, and whether it runs the other way."""


def _is_proper(axes: tuple[int, ...], signs: tuple[int, ...]) -> bool:
    """Whether it is a rotation, not a mirror image of one."""
    swaps = sum(a > b for a, b in itertools.combinations(axes, 2))
    flips = signs.count(-1)
    return (swaps + flips) % 2 == 0


_PROPER = tuple(symmetry for symmetry in _SYMMETRIES if _is_proper(*symmetry))


class LatticeSymmetry(Augmentation):
    """Turn and mirror each event by one of the symmetries of the cube, about its own centre.

    The centre is that of the box that holds the event's hits. Hits stay in the middle of cubes:
    where the symmetry would put them between two, because an even side takes the place of an odd
    one, the event is moved down by half a cube along that axis.

    Args:
        mirror: whether the 24 mirror images are among them, else only the 24 rotations.
        size: the width of a cube, in the unit of ``pos``.
        probability: the probability with which each event is changed.

    Raises:
        SettingsError: an argument is out of range.
    """

    writes = (fields.POS,)
    keeps_distances = True

    def __init__(self, mirror: bool = True, size: float = 1.0, probability: float = 1.0) -> None:
        super().__init__(probability)
        self.mirror = mirror
        self.size = check_number("LatticeSymmetry, size", size, low=1e-6)

    def sample(self, batch: Batch, generator: torch.Generator) -> Draws:
        """Draw ``axes`` [B, 3], the old axis of each new one, and ``signs`` [B, 3], 1 or -1."""
        table = _SYMMETRIES if self.mirror else _PROPER
        axes, signs = torch.tensor(table, device=generator.device).unbind(1)
        choice = torch.randint(
            len(table), (batch.num_graphs,), generator=generator, device=generator.device
        )
        return Draws(batch.ptr, event={"axes": axes[choice], "signs": signs[choice]})

    def transform(self, batch: Batch, draws: Draws) -> Batch:
        """Turn and mirror the positions."""
        axes, signs, owner = draws.event["axes"], draws.event["signs"], batch.batch
        low, high = (segment(batch.pos, batch.ptr, reduce=end) for end in ("min", "max"))
        extent = (high - low).nan_to_num(0.0, 0.0, 0.0)  # an event without hits has no box
        turned_extent = extent.gather(1, axes)
        place = (batch.pos - low[owner]).gather(1, axes[owner])
        place = torch.where(signs[owner] > 0, place, turned_extent[owner] - place)
        start = low + self.size * self._whole((extent - turned_extent) / (2 * self.size))
        return replace_hits(batch, {fields.POS: start[owner] + place})

    @staticmethod
    def _whole(steps: Tensor) -> Tensor:
        """Half steps rounded down; a quarter is added against rounding errors."""
        return torch.floor(steps + 0.25)
