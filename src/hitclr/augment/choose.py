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
from hitclr.events import regroup_events

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

    def sample_event(self, number: int, generator: torch.Generator) -> dict[str, Tensor]:
        """Draw ``choice`` [B, count] int64, an index into the parts."""
        shape = (number, self.count)
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
        event = self._draw_event(batch.num_graphs, batch.pos.device, generator, among)
        children: list[Draws] = []

        def act(part: Augmentation, group: Batch, events: Tensor) -> Batch:
            view, draws = part.view(group, generator)
            children.append(replace(draws, events=events))
            return view

        (view,) = self._through_groups([batch], event, act, [batch.num_graphs])
        return view, Draws(batch.ptr, event=event, children=tuple(children))

    def views(self, batches: Sequence[Batch], generator: torch.Generator) -> list[Batch]:
        """A view of each of several batches, all made in one pass; see `Augmentation.views`."""
        if not batches:
            return []
        sizes = [batch.num_graphs for batch in batches]
        event = self._draw_event(sum(sizes), batches[0].pos.device, generator)

        def act(part: Augmentation, group: Batch, _: Tensor) -> Batch:
            return part.view(group, generator)[0]

        return self._through_groups(batches, event, act, sizes)

    def apply(self, batch: Batch, draws: Draws) -> Batch:
        """Apply draws to the batch that they were drawn for; see `Augmentation.apply`."""
        self._require_fit(batch, draws)
        children = iter(draws.children)

        def act(part: Augmentation, group: Batch, events: Tensor) -> Batch:
            return part.apply(group, next(children))

        return self._through_groups([batch], draws.event, act, [batch.num_graphs])[0]

    def _through_groups(
        self,
        batches: Sequence[Batch],
        event: Mapping[str, Tensor],
        act: Callable[[Augmentation, Batch, Tensor], Batch],
        sizes: Sequence[int],
    ) -> list[Batch]:
        """Hand the events of each part in each slot to ``act``, and put them together again.

        In a slot the events of a part stand side by side, so that its work is on them alone, and
        hits are moved once a slot, not once a part.
        """
        number = len(self.parts)
        # Events that are not active are in a group of their own, which nobody acts on.
        chosen = event["choice"].t().masked_fill(~event[ACTIVE], number).contiguous()
        counts = [torch.bincount(slot, minlength=number + 1).tolist() for slot in chosen.unbind()]
        orders = torch.argsort(chosen, stable=True)
        places = torch.argsort(orders)
        place = torch.arange(chosen.size(1), device=chosen.device)
        for order, new_place, count in zip(orders.unbind(), places.unbind(), counts, strict=True):
            if count[-1] == 0:
                count.pop()
            batches = regroup_events(batches, place.index_select(0, order), count)
            acted = zip(self.parts, batches, torch.split(order, count), strict=False)
            batches = [*(act(part, group, own) for part, group, own in acted), *batches[number:]]
            place = new_place
        return regroup_events(batches, place, sizes)
