"""The Lightning data module: from the event store to the views that a method needs.

Every batch is a function of (seed, epoch, step) alone. The sampler says which events make a step,
the data set makes their views and edges, in whatever process; so the numbers are the same for any
number of workers, and a resumed run goes on as if it had never stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import lightning as L
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler
from torch_geometric.data import Batch

from hitclr import fields
from hitclr.augment import Augmentation
from hitclr.errors import SettingsError
from hitclr.events import EventStore
from hitclr.graphs import EdgeBuilder
from hitclr.methods import Needs
from hitclr.rng import generator, scrambled, seed_for, shifted
from hitclr.views import StoredViews, ViewSource

__all__ = ["SPLITS", "BatchPlan", "EventDataModule", "Step", "ViewDataset", "split_events"]

SPLITS = ("train", "validation", "test")
_NOWHERE = -1
_GOLDEN = 0x9E3779B97F4A7C15 - (1 << 64)


@dataclass(frozen=True)
class Step:
    """One step of an epoch: which events [K] int64."""

    epoch: int
    number: int
    events: Tensor


class BatchPlan(Sampler[Step]):
    """Cuts the events of an epoch into steps of nearly equal size.

    Args:
        events: [M] int64, the events to go through.
        batch_size: the largest number of events in a step.
        seed: the seed of the order; None keeps the order as it is.
        epoch: tells the epoch, and is asked whenever a pass begins.
    """

    def __init__(
        self,
        events: Tensor,
        batch_size: int,
        seed: int | None,
        epoch: Callable[[], int] = lambda: 0,
    ) -> None:
        self.events = events
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = epoch

    def __len__(self) -> int:
        return -(-self.events.numel() // self.batch_size)

    def __iter__(self) -> Iterator[Step]:
        events, epoch = self.events, self.epoch()
        if self.seed is not None:
            random = generator(self.seed, "order", epoch)
            events = events[torch.randperm(events.numel(), generator=random)]
        for number, part in enumerate(torch.tensor_split(events, len(self)) if len(self) else ()):
            yield Step(epoch, number, part)


class ViewDataset(Dataset[list[Batch]]):
    """Makes the views of a step, with edges.

    Args:
        store: the events.
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
        self.source = StoredViews(store) if source is None else source
        self.views = views
        self.augmentation = augmentation
        self.edges = edges
        self.seed = seed
        self.purpose = purpose

    def __getitem__(self, step: Step) -> list[Batch]:
        # One generator a view: the source draws from it first, then the augmentation.
        random = [
            generator(self.seed, self.purpose, step.epoch, step.number, number)
            for number in range(self.views)
        ]
        made = []
        for view, own in zip(self.source.views(step.events, random), random, strict=True):
            changed = view if self.augmentation is None else self.augmentation.view(view, own)[0]
            made.append(changed if self.edges is None else self.edges(changed))
        return made


def split_events(
    store: EventStore,
    uses: Mapping[int, str],
    fractions: Mapping[str, float],
    seed: int,
    *,
    first_files: Mapping[int, int],
) -> dict[str, Tensor]:
    """Divide the events into training, validation and test.

    The side of an event follows, by hash, from its ``key`` where the store has that column: so all
    simulations of one event fall on one side, in whatever files they are and however many others
    were dropped there. Without keys it follows from the event's place in its sample: the number of
    the file there, and the entry.

    Args:
        store: the events.
        uses: for each domain: ``split``, or the one part that all its events go to, or ``views``:
            to none of them.
        fractions: the fractions for validation and test.
        seed: another seed gives another division.
        first_files: for each domain the file index of its sample's first file.

    Returns:
        For each of `SPLITS` the events [M] int64, in order.
    """
    domains = store.events[fields.DOMAIN]
    if fields.KEY in store.events:
        place = _uniform(seed_for(seed, "split by key"), store.events[fields.KEY])
    else:
        file, entry = store.events[fields.EVENT_ID].unbind(1)
        for domain, first in first_files.items():
            file = torch.where(domains == domain, file - first, file)
        place = _uniform(seed_for(seed, "split"), file, entry)
    part = torch.zeros(len(store), dtype=torch.int64)
    test, validation = fractions["test"], fractions["validation"]
    part[place < test + validation] = SPLITS.index("validation")
    part[place < test] = SPLITS.index("test")
    for domain, use in uses.items():
        if use != "split":
            part[domains == domain] = _NOWHERE if use == "views" else SPLITS.index(use)
    return {name: torch.nonzero(part == index)[:, 0] for index, name in enumerate(SPLITS)}


def _uniform(seed: int, *columns: Tensor) -> Tensor:
    """A number [M] float64 in [0, 1) that follows from the seed and the row of the columns [M].

    A hash (`hitclr.rng.scrambled`) of one column after the other.
    """
    mixed = torch.full_like(columns[0], seed)
    for column in columns:
        mixed = scrambled((mixed ^ column) + _GOLDEN)
    return shifted(mixed, 11).double() / 2**53


class EventDataModule(L.LightningDataModule):
    """Feeds a method just what it declared.

    Args:
        store: the events.
        splits: for each of `SPLITS` the events [M] int64.
        needs: what the method wants.
        augmentation: what makes a view.
        edges: the edges that the encoder wants; None for none.
        batch_size: the largest number of events in a step.
        num_workers: processes that make views; 0 makes them in this one.
        seed: the seed of order and views.
        source: what gives the hits of a view before augmentation, for a method that wants augmented
            views; None for the events as they are.

    Attributes:
        first_epoch: the epoch that a resumed run begins with. Lightning starts the workers, which
            fetch ahead, before it has restored its own count.

    Raises:
        SettingsError: there is nothing to train on, or the method wants augmented views and there
            is neither an augmentation nor a source.
    """

    def __init__(
        self,
        store: EventStore,
        splits: Mapping[str, Tensor],
        needs: Needs,
        *,
        augmentation: Augmentation | None,
        edges: EdgeBuilder | None,
        batch_size: int,
        num_workers: int,
        seed: int,
        source: ViewSource | None = None,
    ) -> None:
        super().__init__()
        self.first_epoch = 0
        if needs.augmented and augmentation is None and source is None:
            message = (
                "the method learns from augmented views and no augmentation is given: name some "
                "under views.augmentations (`hitclr plugins` lists those that there are), or give "
                "views.pair or views.resimulate"
            )
            raise SettingsError(message)
        self.store = store
        self.needs = needs
        self.splits = {
            name: events[store.labels[events] >= 0] if needs.labels else events
            for name, events in splits.items()
        }
        if self.splits["train"].numel() < 2:
            message = (
                f"expected events to train on, the split left {self.splits['train'].numel()} of "
                f"{len(store)}: give more data, or smaller fractions under data.split"
            )
            raise SettingsError(message)
        self.augmentation = augmentation if needs.augmented else None
        self.source = source if needs.augmented else None
        self.edges = edges
        self.batch_size = batch_size
        self.num_workers = num_workers
        self.seed = seed

    def _epoch(self) -> int:
        now = 0 if self.trainer is None else self.trainer.current_epoch
        return max(now, self.first_epoch)

    def _loader(self, split: str, seed: int | None) -> DataLoader[list[Batch]]:
        views = ViewDataset(
            self.store,
            views=self.needs.views,
            augmentation=self.augmentation,
            edges=self.edges,
            seed=self.seed,
            purpose=f"{split} views",
            source=self.source,
        )
        plan = BatchPlan(self.splits[split], self.batch_size, seed, self._epoch)
        return DataLoader(
            views,
            batch_size=None,
            sampler=plan,
            num_workers=self.num_workers,
            pin_memory=torch.cuda.is_available(),
        )

    def train_dataloader(self) -> DataLoader[list[Batch]]:
        """The training events in an order of their own each epoch."""
        return self._loader("train", self.seed)

    def val_dataloader(self) -> DataLoader[list[Batch]]:
        """The validation events, with views of their own each epoch."""
        return self._loader("validation", None)
