"""The contract of an augmentation: draw, then apply."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch_geometric.data import Batch, Data
from torch_geometric.transforms import BaseTransform

from hitclr import fields
from hitclr.augment.draws import ACTIVE, Draws
from hitclr.augment.parameter import check_number
from hitclr.errors import AugmentationError, SchemaError
from hitclr.events import (
    batch_from_ptr,
    concat_batches,
    counts_from_ptr,
    cut_events,
    event_fields,
    feature_names,
    gather_index,
    hit_fields,
    make_batch,
    regroup_events,
    replace_hits,
    select_events,
)

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
        writes: the batch attributes whose values it changes, of the hits that stay.
        keeps_hits: whether the number and order of hits stay.
        keeps_distances: whether all hits and the distances between them stay, so that edges made
            from distances stay right.
    """

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = (fields.POS, fields.X)
    keeps_hits: bool = True
    keeps_distances: bool = False

    def __init__(self, probability: float = 1.0) -> None:
        self.probability = check_number(
            f"{type(self).__name__}, probability", probability, low=0.0, high=1.0
        )

    @abstractmethod
    def sample(self, batch: Batch, generator: torch.Generator) -> Draws:
        """Draw the parameters for ``batch``, on the generator's device.

        `draw` adds which events are active; a subclass need not think of it.
        """

    @abstractmethod
    def transform(self, batch: Batch, draws: Draws) -> Batch:
        """Apply the drawn parameters to every event: a new batch, ``batch`` is not changed.

        No randomness, no loop over events, at least one hit left in each event that had one. It
        is called with the active events alone, so an event must not depend on its neighbours.
        """

    def draw(self, batch: Batch, generator: torch.Generator, among: Tensor | None = None) -> Draws:
        """Draw the parameters of one view of ``batch``, among them which events are active.

        Args:
            batch: the events.
            generator: the source of all randomness. What is drawn does not depend on ``among``.
            among: [B] bool, the events that may be active; all where it is None.

        Returns:
            The draws, on the device of the batch.

        Raises:
            SchemaError: the batch lacks an attribute that the augmentation reads.
        """
        missing = [name for name in self.reads if name not in batch]
        if missing:
            message = (
                f"{type(self).__name__} needs a batch with {' and '.join(missing)}, this one has "
                f"{sorted(batch.keys())}. A hit_* column comes from hit_columns of the schema, an "
                f"event column from its observers"
            )
            raise SchemaError(message)
        device = batch.pos.device
        active = self._draw_active(batch.num_graphs, device, generator, among)
        draws = self.sample(batch, generator)
        if generator.device != device:
            draws = draws.to(device)
        return replace(draws, event={**draws.event, ACTIVE: active})

    def apply(self, batch: Batch, draws: Draws) -> Batch:
        """Apply draws to the batch that they were drawn for.

        Args:
            batch: the events; they are not changed.
            draws: what `draw` gave for them.

        Returns:
            The view, without edges; what did not change is shared with ``batch``.

        Raises:
            AugmentationError: the draws belong to another batch, or an event lost all its hits.
        """
        self._require_fit(batch, draws)
        if bool(draws.active.all()):
            return self._transformed(batch, draws)
        events = draws.active.nonzero().flatten()
        if events.numel() == 0:
            return replace_hits(batch, {})
        changed = self._transformed(select_events(batch, events), draws.select(events))
        return self._put_back(batch, changed, events)

    def view(
        self, batch: Batch, generator: torch.Generator, among: Tensor | None = None
    ) -> tuple[Batch, Draws]:
        """Draw and apply: one view of ``batch``, and the draws that replay it.

        The arguments are those of `draw`.
        """
        draws = self.draw(batch, generator, among)
        if among is not None or self.probability < 1:
            return self.apply(batch, draws), draws
        self._require_fit(batch, draws)  # all events are active; to look would stall a GPU
        return self._transformed(batch, draws), draws

    def views(self, batches: Sequence[Batch], generator: torch.Generator) -> list[Batch]:
        """A view of each of several batches, all made in one pass.

        Many small steps cost about the same for twice as many events.

        Args:
            batches: the events, with the same columns in each; the same batch may come again.
            generator: the source of all randomness.

        Returns:
            For each batch the view, without edges.
        """
        if not batches:
            return []
        view, _ = self.view(concat_batches(*batches), generator)
        return cut_events(view, [batch.num_graphs for batch in batches])

    def forward(self, data: Data | Batch) -> Data | Batch:
        """The PyG face: augment a ``Data`` or ``Batch`` as any other PyG transform does.

        Here, and only here, the seed comes from torch's default generator, the one that PyG
        pipelines are seeded through.

        Raises:
            AugmentationError: what came before in the pipeline took the hits of a batch apart from
                the events that they belong to.
        """
        seed = int(torch.randint(2**62, (), device="cpu"))
        generator = torch.Generator().manual_seed(seed)
        if isinstance(data, Batch):
            self._require_whole(data)
            return self.view(data, generator)[0]
        view, _ = self.view(Batch.from_data_list([data]), generator)
        single: Data = copy.copy(data)
        for name in [name for name in data.keys() if name.startswith("edge_")]:  # noqa: SIM118
            del single[name]
        if "num_nodes" in data:
            single.num_nodes = view.num_nodes
        changed = hit_fields(view)
        changed.update((name, view[name]) for name in self.writes if name in view)
        for name, column in changed.items():
            single[name] = column
        return single

    def _require_whole(self, batch: Batch) -> None:
        """Refuse what PyG's transforms for single events leave of a batch: hits without offsets."""
        owner = batch.batch
        if len(batch.pos) == len(owner) and torch.equal(owner, batch_from_ptr(batch.ptr)):
            return
        message = (
            f"{type(self).__name__} got {len(batch.pos)} hits, the batch's ptr knows "
            f"{int(batch.ptr[-1])} in {batch.num_graphs} events, or they are in another order. A "
            f"transform before it dropped, added or moved hits of the whole batch, as PyG's "
            f"FixedPoints does: use that one on single events, before they are batched"
        )
        raise AugmentationError(message)

    def _draw_active(
        self, number: int, device: torch.device, generator: torch.Generator, among: Tensor | None
    ) -> Tensor:
        """Which of so many events the augmentation acts on, [B] bool."""
        if self.probability >= 1:
            active = torch.ones(number, dtype=torch.bool, device=device)
        else:
            chance = torch.rand(number, generator=generator, device=generator.device)
            active = (chance < self.probability).to(device)
        return active if among is None else active & among

    def _require_fit(self, batch: Batch, draws: Draws) -> None:
        if draws.ptr is not batch.ptr and not torch.equal(draws.ptr, batch.ptr):
            message = (
                f"{type(self).__name__}: the draws were made for a batch of "
                f"{draws.ptr.numel() - 1} events and {int(draws.ptr[-1])} hits, this one has "
                f"{batch.num_graphs} and {int(batch.ptr[-1])} or others. Draw for this batch."
            )
            raise AugmentationError(message)

    def _transformed(self, batch: Batch, draws: Draws) -> Batch:
        """The events, all changed as drawn, with a look at what was made of them."""
        view = self.transform(batch, draws)
        self._require_hits(batch, view)
        return view

    def _require_hits(self, before: Batch, after: Batch) -> None:
        if self.keeps_hits:
            if after.pos.size(0) != before.pos.size(0):
                message = (
                    f"{type(self).__name__} declares keeps_hits and made {after.pos.size(0)} hits "
                    f"of {before.pos.size(0)}; set its keeps_hits to False"
                )
                raise AugmentationError(message)
            return
        emptied = (counts_from_ptr(after.ptr) == 0) & (counts_from_ptr(before.ptr) > 0)
        if bool(emptied.any()):
            message = (
                f"{type(self).__name__} left {int(emptied.sum())} of {before.num_graphs} events "
                f"without a hit; an augmentation must leave at least one in each"
            )
            raise AugmentationError(message)

    def _put_back(self, batch: Batch, part: Batch, events: Tensor) -> Batch:
        """The batch with ``part`` in the place of ``events`` [K] int64."""
        if not self.keeps_hits:
            order = torch.arange(batch.num_graphs, device=events.device)
            order[events] = torch.arange(events.numel(), device=events.device) + batch.num_graphs
            return regroup_events([batch, part], order, [batch.num_graphs])[0]
        rows, _ = gather_index(batch.ptr, events)
        hits, rest = hit_fields(batch), event_fields(batch)
        for name in self.writes:
            columns, places = (hits, rows) if name in hits else (rest, events)
            if name in columns:
                columns[name] = columns[name].index_copy(0, places, part[name])
        return make_batch(hits, rest, batch.ptr, feature_names(batch))
