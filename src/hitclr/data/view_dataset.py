"""The views of a step, with edges."""

from __future__ import annotations

from torch.utils.data import Dataset
from torch_geometric.data import Batch

from hitclr.augment import Augmentation
from hitclr.data.plan import Step
from hitclr.events import EventStore
from hitclr.graphs import EdgeBuilder
from hitclr.rng import generator
from hitclr.views import StoredViews, ViewSource

__all__ = ["ViewDataset"]


class ViewDataset(Dataset[list[Batch]]):
    """Makes the views of a step, with edges.

    Args:
        store: the events; those of a step that brings its batch are not looked at.
        views: how many views of each event.
        augmentation: what changes the hits of a view; None for nothing.
        edges: gives a view its edges; None for none.
        seed: the seed of the views.
        purpose: what the views are for; other purposes draw other numbers.
        source: what gives the hits of a view before augmentation; None for the events as they are.
    """

    def __init__(
        self,
        store: EventStore,
        *,
        views: int,
        augmentation: Augmentation | None,
        edges: EdgeBuilder | None,
        seed: int,
        purpose: str,
        source: ViewSource | None = None,
    ) -> None:
        self.store = store
        self.source = StoredViews() if source is None else source
        self.views = views
        self.augmentation = augmentation
        self.edges = edges
        self.seed = seed
        self.purpose = purpose

    def __getitem__(self, step: Step) -> list[Batch]:
        batch = self.store.batch(step.events) if step.batch is None else step.batch
        # One generator a view for the source, and one for the augmentation of all.
        where = (self.seed, self.purpose, step.epoch, step.number)
        random = [generator(*where, number) for number in range(self.views)]
        views = self.source.views(batch, random)
        if self.augmentation is not None:
            views = self.augmentation.views(views, generator(*where, "augmentation"))
        return views if self.edges is None else [self.edges(view) for view in views]
