"""A few augmentations out of several, chosen for each event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor
from torch_geometric.data import Batch

from hitclr.augment.base import Augmentation
from hitclr.augment.composed import Composed
from hitclr.augment.draws import ACTIVE
from hitclr.augment.parameter import check_number
from hitclr.errors import SettingsError

__all__ = ["Choose"]


class Choose(Composed):
    """Apply to each event ``count`` of the parts, drawn with replacement and applied in that order.

    The recipe of arXiv:2502.07724, which takes two (three when tuned) of identity, rotation, hit
    dropout, charge smear, charge scale, translation and jitter for each view. Each of ``count``
    slots has one part per event; a part acts on the events that chose it for that slot, and may
    come again in the next.

    The choice is the parameter ``choice`` [B, count] int64 of the draws, an index into the parts.
    The draws of the parts are children, slot by slot and in each the parts in order, and each has
    as active the events that chose it, less those that the part's own probability left out.

    Args:
        parts: the augmentations, at least one.
        count: how many are drawn for each event, at least 1.
        probability: the probability with which an event is changed at all; the parts have their
            own on top.

    Raises:
        SettingsError: there are no parts, one of them is no augmentation, or the count is not a
            whole number from 1.
    """

    def __init__(
        self, parts: Sequence[Augmentation], count: int = 2, probability: float = 1.0
    ) -> None:
        super().__init__(parts, probability)
        check_number("Choose, count", count, low=1)
        if count != int(count):
            message = f"Choose, count: expected a whole number, got {count}"
            raise SettingsError(message)
        self.count = int(count)

    def sample_event(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Draw ``choice`` [B, count] int64, an index into the parts."""
        shape = (batch.num_graphs, self.count)
        choice = torch.randint(len(self.parts), shape, generator=generator, device=generator.device)
        return {"choice": choice}

    def steps(self, event: Mapping[str, Tensor]) -> Iterator[tuple[Augmentation, Tensor]]:
        """Each part in each slot, on the events that chose it."""
        for slot in event["choice"].unbind(1):
            for index, part in enumerate(self.parts):
                yield part, event[ACTIVE] & (slot == index)
