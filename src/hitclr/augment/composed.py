"""What compositions of augmentations have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor
from torch_geometric.data import Batch

from hitclr.augment.base import Augmentation
from hitclr.augment.draws import ACTIVE, Draws
from hitclr.errors import SettingsError

__all__ = ["Composed"]


class Composed(Augmentation):
    """Augmentations one after the other, each on some of the events.

    A part's parameters are drawn for the batch that the part before it made, so drawing does the
    work of applying as well; `view` hands on the result and does it once. What it reads, writes
    and keeps follows from the parts.

    Args:
        parts: the augmentations.
        probability: the probability with which an event is changed at all; the parts have their
            own on top.

    Attributes:
        parts: the augmentations.

    Raises:
        SettingsError: there are no parts, or one of them is no augmentation.
    """

    def __init__(self, parts: Sequence[Augmentation], probability: float = 1.0) -> None:
        super().__init__(probability)
        given: Sequence[object] = parts
        wrong = [part for part in given if not isinstance(part, Augmentation)]
        self.parts = tuple(parts)
        if not self.parts or wrong:
            got = ", ".join(repr(part) for part in wrong) or "none"
            message = f"{type(self).__name__}, parts: expected at least one augmentation, got {got}"
            raise SettingsError(message)
        self.reads = tuple(dict.fromkeys(name for part in self.parts for name in part.reads))
        self.writes = tuple(dict.fromkeys(name for part in self.parts for name in part.writes))
        self.keeps_hits = all(part.keeps_hits for part in self.parts)
        self.keeps_distances = all(part.keeps_distances for part in self.parts)

    @abstractmethod
    def steps(self, event: Mapping[str, Tensor]) -> Iterator[tuple[Augmentation, Tensor]]:
        """The parts to apply, in order, each with the events that may be active [B] bool.

        Args:
            event: the parameters per event: ``active`` and what `sample_event` gave.
        """

    def sample_event(self, number: int, generator: torch.Generator) -> dict[str, Tensor]:
        """Draw the composition's own parameters per event [B, ...]: none, unless overridden."""
        return {}

    def sample(self, batch: Batch, generator: torch.Generator) -> Draws:
        """Draw the parts' parameters, as `draw` does."""
        return self.draw(batch, generator)

    def transform(self, batch: Batch, draws: Draws) -> Batch:
        """Apply the parts in order, as `apply` does."""
        return self.apply(batch, draws)

    def draw(self, batch: Batch, generator: torch.Generator, among: Tensor | None = None) -> Draws:
        """Draw the parameters of one view; see `Augmentation.draw`."""
        return self.view(batch, generator, among)[1]

    def apply(self, batch: Batch, draws: Draws) -> Batch:
        """Apply draws to the batch that they were drawn for; see `Augmentation.apply`."""
        self._require_fit(batch, draws)
        view = batch
        for (part, _), child in zip(self.steps(draws.event), draws.children, strict=True):
            view = part.apply(view, child)
        return view

    def view(
        self, batch: Batch, generator: torch.Generator, among: Tensor | None = None
    ) -> tuple[Batch, Draws]:
        """Draw and apply in one pass; see `Augmentation.view`."""
        event = self._draw_event(batch.num_graphs, batch.pos.device, generator, among)
        view, children = batch, []
        for part, events in self.steps(event):
            view, child = part.view(view, generator, events)
            children.append(child)
        return view, Draws(batch.ptr, event=event, children=tuple(children))

    def _draw_event(
        self,
        number: int,
        device: torch.device,
        generator: torch.Generator,
        among: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """The composition's own parameters per event, with those of them that are active."""
        drawn = {ACTIVE: self._draw_active(number, device, generator, among)}
        for name, value in self.sample_event(number, generator).items():
            drawn[name] = value.to(device)
        return drawn
