"""A few augmentations out of several, chosen for each event."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch_geometric.data import Batch

from hitclr.augment.base import Augmentation
from hitclr.augment.composed import Composed
from hitclr.augment.draws import ACTIVE, Draws
from hitclr.augment.parameter import check_number
from hitclr.errors import SettingsError
from hitclr.events import concat_batches, cut_events, select_events

__all__ = ["Choose"]


class Choose(Composed):
    """Apply to each event ``count`` of the parts, drawn with replacement and applied in that order.

    The recipe of arXiv:2502.07724, which takes two (three when tuned) of identity, rotation, hit
    dropout, charge smear, charge scale, translation and jitter for each view. Each of ``count``
    slots has one part per event; a part acts on the events that chose it for that slot, and may
    come again in the next.

    The choice is the parameter ``choice`` [B, count] int64 of the draws, an index into the parts.
    The draws of the parts are children, slot by slot and in each the parts in order, and each is
    for the events that chose it (``events``).

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
        """Each part in each slot, with the events that chose it [B] bool."""
        for slot in event["choice"].unbind(1):
            for index, part in enumerate(self.parts):
                yield part, event[ACTIVE] & (slot == index)

    def view(
        self, batch: Batch, generator: torch.Generator, among: Tensor | None = None
    ) -> tuple[Batch, Draws]:
        """Draw and apply in one pass; see `Augmentation.view`."""
        event = self._draw_event(batch, generator, among)
        children: list[Draws] = []

        def act(part: Augmentation, group: Batch, events: Tensor) -> Batch:
            view, draws = part.view(group, generator)
            children.append(replace(draws, events=events))
            return view

        view = self._through_groups(batch, event, act)
        return view, Draws(batch.ptr, event=event, children=tuple(children))

    def apply(self, batch: Batch, draws: Draws) -> Batch:
        """Apply draws to the batch that they were drawn for; see `Augmentation.apply`."""
        self._require_fit(batch, draws)
        children = iter(draws.children)

        def act(part: Augmentation, group: Batch, events: Tensor) -> Batch:
            return part.apply(group, next(children))

        return self._through_groups(batch, draws.event, act)

    def _through_groups(
        self,
        batch: Batch,
        event: Mapping[str, Tensor],
        act: Callable[[Augmentation, Batch, Tensor], Batch],
    ) -> Batch:
        """Hand the events of each part in each slot to ``act``, and put them together again.

        In a slot the events of a part stand side by side, so that its work is on them alone, and
        hits are moved once a slot, not once a part.
        """
        number = len(self.parts)
        place = torch.arange(batch.num_graphs, device=batch.pos.device)
        for slot in event["choice"].unbind(1):
            # Events that are not active are in a group of their own, which nobody acts on.
            chosen = slot.masked_fill(~event[ACTIVE], number)
            order = torch.argsort(chosen, stable=True)
            sizes = torch.bincount(chosen, minlength=number + 1).tolist()
            *groups, rest = cut_events(select_events(batch, place[order]), sizes)
            events = torch.split(order, sizes)
            views = [
                act(part, group, own)
                for part, group, own in zip(self.parts, groups, events[:-1], strict=True)
            ]
            batch = concat_batches(*views, rest)
            place[order] = torch.arange(place.numel(), device=place.device)
        return select_events(batch, place)
