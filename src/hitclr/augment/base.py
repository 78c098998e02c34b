"""The contract of an augmentation: draw, then apply."""

from __future__ import annotations

import copy
from abc import abstractmethod
from dataclasses import replace
from typing import ClassVar

import torch
from torch import Tensor
from torch_geometric.data import Batch, Data
from torch_geometric.transforms import BaseTransform

from hitclr.augment.draws import ACTIVE, Draws
from hitclr.errors import AugmentationError, SettingsError
from hitclr.events import concat_batches, counts_from_ptr, replace_hits, select_events

__all__ = ["Augmentation"]


class Augmentation(BaseTransform):
    """A random change of a batch of events.

    A subclass writes `sample`, which draws parameters, and `transform`, which applies them to all
    events of the batch at once and has no randomness of its own. This class adds the probability,
    the record of what was drawn, and PyG's transform face.

    Args:
        probability: the probability with which each event is changed; the others stay as they
            are, bit for bit.

    Attributes:
        reads: the batch attributes that it needs besides ``pos``, ``x`` and ``ptr``.
        writes: the batch attributes that it changes.
        keeps_hits: whether the number and order of hits stay.
        keeps_distances: whether distances between the hits of an event stay.
    """

    reads: ClassVar[tuple[str, ...]] = ()
    writes: ClassVar[tuple[str, ...]] = ("pos", "x")
    keeps_hits: ClassVar[bool] = True
    keeps_distances: ClassVar[bool] = False

    def __init__(self, probability: float = 1.0) -> None:
        if not 0.0 <= probability <= 1.0:
            message = (
                f"{type(self).__name__}: expected a probability between 0 and 1, got {probability}"
            )
            raise SettingsError(message)
        self.probability = probability

    @abstractmethod
    def sample(self, batch: Batch, generator: torch.Generator) -> Draws:
        """Draw the parameters for ``batch``, on the generator's device.

        `draw` adds which events are active; a subclass need not think of it.
        """

    @abstractmethod
    def transform(self, batch: Batch, draws: Draws) -> Batch:
        """Apply the drawn parameters to every event: a new batch, ``batch`` is not changed.

        No randomness, no loop over events, at least one hit left in each event that had one.
        """

    def draw(self, batch: Batch, generator: torch.Generator) -> Draws:
        """Draw the parameters of one view of ``batch``, among them which events are active.

        Args:
            batch: the events.
            generator: the source of all randomness.

        Returns:
            The draws, on the device of the batch.
        """
        chance = torch.rand(batch.num_graphs, generator=generator, device=generator.device)
        draws = self.sample(batch, generator)
        active = chance < self.probability
        return replace(draws, event={**draws.event, ACTIVE: active}).to(batch.pos.device)

    def apply(self, batch: Batch, draws: Draws) -> Batch:
        """Apply draws to the batch that they were drawn for.

        Args:
            batch: the events; they are not changed.
            draws: what `draw` gave for them.

        Returns:
            The view. Where no event is active this is ``batch`` itself.

        Raises:
            AugmentationError: the draws belong to another batch, or an event lost all its hits.
        """
        if not torch.equal(draws.ptr, batch.ptr):
            message = (
                f"{type(self).__name__}: the draws were made for a batch of "
                f"{draws.ptr.numel() - 1} events and {int(draws.ptr[-1])} hits, this one has "
                f"{batch.num_graphs} and {int(batch.ptr[-1])} or others. Draw for this batch."
            )
            raise AugmentationError(message)
        active = draws.active
        if not bool(active.any()):
            return batch
        view = self.transform(batch, draws)
        emptied = (counts_from_ptr(view.ptr) == 0) & (counts_from_ptr(batch.ptr) > 0)
        if bool(emptied.any()):
            message = (
                f"{type(self).__name__} left {int(emptied.sum())} of {batch.num_graphs} events "
                f"without a hit; an augmentation must leave at least one in each"
            )
            raise AugmentationError(message)
        if bool(active.all()):
            return view
        return _merge(batch, view, active, same_hits=self.keeps_hits)

    def view(self, batch: Batch, generator: torch.Generator) -> tuple[Batch, Draws]:
        """Draw and apply: one view of ``batch``, and the draws that replay it."""
        draws = self.draw(batch, generator)
        return self.apply(batch, draws), draws

    def forward(self, data: Data | Batch) -> Data | Batch:
        """The PyG face: augment a ``Data`` or ``Batch`` as any other PyG transform does.

        Here, and only here, the seed comes from torch's default generator, the one that PyG
        pipelines are seeded through.
        """
        generator = torch.Generator().manual_seed(int(torch.randint(2**62, ())))
        if isinstance(data, Batch):
            return self.view(data, generator)[0]
        whole = Batch.from_data_list([copy.copy(data)])
        view, _ = self.view(whole, generator)
        single: Data = view.get_example(0)
        if hasattr(data, "feature_names"):
            single.feature_names = data.feature_names
        return single


def _merge(batch: Batch, view: Batch, active: Tensor, *, same_hits: bool) -> Batch:
    """The events of ``view`` where ``active`` [B], those of ``batch`` elsewhere."""
    if same_hits:
        changed = active[batch.batch]
        hits = {}
        for name in ("pos", "x"):
            hits[name] = torch.where(changed[:, None], view[name], batch[name])
        return replace_hits(batch, hits)
    both = concat_batches(batch, view)
    events = torch.arange(batch.num_graphs, device=active.device)
    return select_events(both, torch.where(active, events + batch.num_graphs, events))
