"""The Lightning data module: from the event store to the views that a method needs.

Every batch is a function of (seed, epoch, step) alone. The sampler says which events make a step,
the data set makes their views and edges, in whatever process; so the numbers are the same for any
number of workers, and a resumed run goes on as if it had never stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import lightning as L
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler
from torch_geometric.data import Batch

from hitclr import fields
from hitclr.augment import Augmentation
from hitclr.errors import SettingsError
from hitclr.events import EventStore, blocks_of, shuffled
from hitclr.graphs import EdgeBuilder
from hitclr.io import Feed
from hitclr.methods import Method, Needs
from hitclr.rng import generator, seed_for, uniform_hash
from hitclr.views import StoredViews, ViewSource

__all__ = [
    "SPLITS",
    "BatchPlan",
    "EventDataModule",
    "FedPlan",
    "PairedPlan",
    "Share",
    "Step",
    "ViewDataset",
    "fed",
    "hide_labels",
    "split_events",
]

SPLITS = ("train", "validation", "test")
_NOWHERE = -1


@dataclass(frozen=True)
class Step:
    """One step of an epoch.

    Attributes:
        epoch: the epoch.
        number: the step in it.
        events: [K] int64, the events, in rising order.
        batch: the events as they are, where whoever makes their views cannot get them.
    """

    epoch: int
    number: int
    events: Tensor
    batch: Batch | None = None


@dataclass(frozen=True)
class Share:
    """Which of several processes this one is."""

    rank: int = 0
    world: int = 1


class BatchPlan(Sampler[Step]):
    """Cuts the events of an epoch into steps of nearly equal size.

    The order follows from seed and epoch. Several processes get disjoint parts of it, and equally
    many steps. Without blocks they share each step, so that their steps together are those of one
    process with so many times the batch size; with blocks they share the order, so that no block is
    read by more of them than need be, and their parts differ by one event at most.

    Args:
        events: [M] int64, the events to go through, in rising order.
        batch_size: the largest number of events in a step.
        seed: the seed of the order; None keeps the order as it is.
        epoch: tells the epoch, and the first step of it that is wanted; it is asked whenever a pass
            begins.
        blocks: [K+1] int64, offsets that cut all events into blocks (`blocks_of`), to shuffle first
            these and then the events within ``buffer``; None to shuffle the events at once.
        buffer: how many events the shuffled order may need at a time; with ``blocks``.
        share: which process this is.
    """

    def __init__(
        self,
        events: Tensor,
        batch_size: int,
        seed: int | None,
        epoch: Callable[[], tuple[int, int]] = lambda: (0, 0),
        *,
        blocks: Tensor | None = None,
        buffer: int = 0,
        share: Share | None = None,
    ) -> None:
        self.events = events
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = epoch
        self.blocks = blocks
        self.buffer = buffer
        self.share = share or Share()

    def __len__(self) -> int:
        largest = -(-self.events.numel() // self.share.world)
        return -(-largest // self.batch_size)

    def __iter__(self) -> Iterator[Step]:
        epoch, first = self.epoch()
        for number, events in enumerate(self.steps(epoch)):
            if number >= first:
                yield Step(epoch, number, events)

    def steps(self, epoch: int) -> tuple[Tensor, ...]:
        """The events [K] int64 of each step of an epoch, in rising order."""
        return self.cut(self.order(epoch))

    def cut(self, order: Tensor) -> tuple[Tensor, ...]:
        """Events [M] int64 of this process in order, as the steps of an epoch."""
        if not len(self):
            return ()
        return tuple(part.sort().values for part in torch.tensor_split(order, len(self)))

    def order(self, epoch: int) -> Tensor:
        """The events [M] int64 of this process in their order; other numbers give other orders."""
        rank, world = self.share.rank, self.share.world
        if self.blocks is None:
            order = self.events
            if self.seed is not None:
                random = generator(self.seed, "order", epoch)
                order = order[torch.randperm(order.numel(), generator=random)]
            if world == 1 or not len(self):
                return order
            steps = torch.tensor_split(order, len(self))
            return torch.cat([torch.tensor_split(step, world)[rank] for step in steps])
        if self.seed is None:
            return torch.tensor_split(self.events, world)[rank]
        random = generator(self.seed, "order", epoch)
        bounds = torch.searchsorted(self.events.contiguous(), self.blocks)
        place = torch.randperm(self.blocks.numel() - 1, generator=random)
        blocks = torch.split(self.events, (bounds[1:] - bounds[:-1]).tolist())
        order = torch.cat([blocks[block] for block in torch.argsort(place).tolist()])
        own = torch.tensor_split(order, world)[rank]
        return shuffled(own, self.buffer, generator(self.seed, "shuffle", epoch, rank))


class PairedPlan(BatchPlan):
    """The steps of a plan, each with as many events of another domain beside.

    An epoch goes through the events of the plan once. Those beside are taken from an order of their
    own, and from the next where it ends.

    Args:
        plan: the plan.
        beside: gives the order of the events beside; its steps are not used.
    """

    def __init__(self, plan: BatchPlan, beside: BatchPlan) -> None:
        super().__init__(
            plan.events,
            plan.batch_size,
            plan.seed,
            plan.epoch,
            blocks=plan.blocks,
            buffer=plan.buffer,
            share=plan.share,
        )
        self.beside = beside

    def steps(self, epoch: int) -> tuple[Tensor, ...]:
        """See `BatchPlan.steps`."""
        own = super().steps(epoch)
        sizes = [part.numel() for part in own]
        orders: list[Tensor] = []
        missing = sum(sizes)
        rounds = -(-missing // max(1, self.beside.events.numel() // self.share.world))
        while missing > 0:
            order = self.beside.order(epoch * rounds + len(orders))[:missing]
            orders.append(order)
            missing -= order.numel()
        if not orders:
            return own
        others = torch.split(torch.cat(orders), sizes)
        return tuple(
            torch.cat([one, other]).sort().values for one, other in zip(own, others, strict=True)
        )


class FedPlan(Sampler[Step]):
    """The steps of a plan with their batches, for a feed that gives them in this process only."""

    def __init__(self, plan: BatchPlan, feed: Feed) -> None:
        self.plan = plan
        self.feed = feed

    def __len__(self) -> int:
        return len(self.plan)

    def __iter__(self) -> Iterator[Step]:
        steps = list(self.plan)
        batches = self.feed.batches([step.events for step in steps])
        for step, batch in zip(steps, batches, strict=True):
            yield replace(step, batch=batch)


def fed(plan: BatchPlan, feed: Feed) -> Sampler[Step]:
    """The plan, with batches where only this process can get them."""
    return plan if feed.stored else FedPlan(plan, feed)


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


def split_events(
    store: EventStore,
    uses: Mapping[int, str],
    fractions: Mapping[str, float],
    seed: int,
    *,
    first_files: Mapping[int, int],
    by: Literal["hash", "entries"] = "hash",
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
        by: ``hash``, as said; ``entries``: each file's last events are for test, those before them
            for validation.

    Returns:
        For each of `SPLITS` the events [M] int64, in order.

    Raises:
        SettingsError: simulations of one event would be on two sides.
    """
    test, validation = fractions["test"], fractions["validation"]
    place = _from_the_end(store) if by == "entries" else _hashed(store, seed, first_files)
    part = torch.zeros(len(store), dtype=torch.int64)
    part[place < test + validation] = SPLITS.index("validation")
    part[place < test] = SPLITS.index("test")
    domains = store.events[fields.DOMAIN]
    for domain, use in uses.items():
        if use != "split":
            part[domains == domain] = _NOWHERE if use == "views" else SPLITS.index(use)
    if fields.KEY in store.events:
        _require_one_side(store, part)
    return {name: torch.nonzero(part == index)[:, 0] for index, name in enumerate(SPLITS)}


def _hashed(store: EventStore, seed: int, first_files: Mapping[int, int]) -> Tensor:
    """A place [M] float64 in [0, 1) for each event, drawn by its key, or where it stands."""
    if fields.KEY in store.events:
        return uniform_hash(seed_for(seed, "split by key"), store.events[fields.KEY])
    file, entry = store.events[fields.EVENT_ID].unbind(1)
    domains = store.events[fields.DOMAIN]
    for domain, first in first_files.items():
        file = torch.where(domains == domain, file - first, file)
    return uniform_hash(seed_for(seed, "split"), file, entry)


def _from_the_end(store: EventStore) -> Tensor:
    """How far each event [M] float64 in [0, 1) is from the last of its file."""
    file = store.events[fields.EVENT_ID][:, 0].contiguous()
    _, owner, counts = torch.unique_consecutive(file, return_inverse=True, return_counts=True)
    ends = torch.cumsum(counts, 0)[owner]
    place: Tensor = (ends - 0.5 - torch.arange(len(store))).double() / counts[owner]
    return place


def _require_one_side(store: EventStore, part: Tensor) -> None:
    """Check that all simulations of an event, which have one key, are in one part.

    Unlabelled events do not count: data have numbers of their own.
    """
    some = ((part != _NOWHERE) & (store.labels >= 0)).nonzero()[:, 0]
    keys, order = torch.sort(store.events[fields.KEY][some], stable=True)
    sides = part[some][order]
    apart = (keys[1:] == keys[:-1]) & (sides[1:] != sides[:-1])
    if bool(apart.any()):
        key = int(keys[1:][apart][0])
        message = (
            f"the division puts simulations of one event on two sides, so that it would be trained "
            f"on and tested with ({int(apart.sum())} cases, such as the key {key})\n"
            f"  what to do: divide all samples by hash (`use: split`, data.split.by: hash), which "
            f"keeps events with one key together; or number the events of all samples in one go"
        )
        raise SettingsError(message)


def hide_labels(store: EventStore, domains: Sequence[int]) -> EventStore:
    """The same events, of which those of some ``domains`` have no known class."""
    hidden = torch.isin(store.events[fields.DOMAIN], torch.tensor(domains, dtype=torch.int64))
    labels = store.labels.masked_fill(hidden, fields.UNKNOWN_LABEL)
    return replace(store, events={**store.events, fields.LABEL: labels})


class EventDataModule(L.LightningDataModule):
    """Feeds a method just what it declared.

    Args:
        feed: the events. Labels that the method is not to see are not among them (`hide_labels`).
        splits: for each of `SPLITS` the events [M] int64.
        needs: what the method wants.
        augmentation: what makes a view.
        edges: the edges that the encoder wants; None for none.
        batch_size: the largest number of events in a step.
        num_workers: processes that make views; 0 makes them in this one.
        seed: the seed of order and views.
        source: what gives the hits of a view before augmentation, for a method that wants augmented
            views; None for the events as they are.
        buffer: how many events the order may need at a time; None for any number. The same buffer
            gives the same order, whatever the feed.
        targets: the domains to which the model is to be adapted.

    Attributes:
        splits: the events of each part that the method is fed.
        target: those of the target domain, of each part.
        resume_at: the epoch that a resumed run begins with, and the step in it. Lightning starts
            the workers, which fetch ahead, before it has restored its own count.

    Raises:
        SettingsError: there is nothing to train on, the method wants augmented views and there is
            neither an augmentation nor a source, it wants a target domain or several samples and
            there are none, or a stream is to be shuffled without a buffer.
    """

    def __init__(
        self,
        feed: Feed,
        splits: Mapping[str, Tensor],
        needs: Needs,
        *,
        augmentation: Augmentation | None,
        edges: EdgeBuilder | None,
        batch_size: int,
        num_workers: int,
        seed: int,
        source: ViewSource | None = None,
        buffer: int | None = None,
        targets: Sequence[int] = (),
    ) -> None:
        super().__init__()
        self.resume_at = (0, 0)
        if needs.augmented and augmentation is None and source is None:
            message = (
                "the method learns from augmented views and no augmentation is given: name some "
                "under views.augmentations (`hitclr plugins` lists those that there are), or give "
                "views.pair or views.resimulate"
            )
            raise SettingsError(message)
        if not feed.stored and buffer is None:
            message = (
                "a stream needs a buffer to shuffle in (data.shuffle_buffer): it holds so many"
            )
            raise SettingsError(message)
        if needs.thrown and source is None:
            message = (
                "the method learns from views under other throws than the events' own and none are "
                "given: name a detector under views.resimulate, or samples under views.pair"
            )
            raise SettingsError(message)
        store = feed.store
        self.feed = feed
        self.needs = needs
        target = torch.isin(store.events[fields.DOMAIN], torch.tensor(targets, dtype=torch.int64))
        self.target = {name: events[target[events]] for name, events in splits.items()}
        fed_with = torch.ones(len(store), dtype=torch.bool)
        if needs.target != "all":
            fed_with = target if needs.target == "labelled" else ~target
        if needs.labels:
            fed_with = fed_with & (store.labels >= 0)
        self.splits = {name: events[fed_with[events]] for name, events in splits.items()}
        self._require_enough()
        self.augmentation = augmentation if needs.augmented else None
        self.source = source if needs.augmented else None
        self.edges = edges
        self.batch_size = batch_size
        self.num_workers = num_workers
        self.seed = seed
        self.buffer = buffer

    def _require_enough(self) -> None:
        """Check that there is what the method needs."""
        store, train = self.feed.store, self.splits["train"]
        if train.numel() < 2:
            what = "events of the target domain" if self.needs.target == "labelled" else "events"
            advice = "give more data, or smaller fractions under data.split"
            if self.needs.target == "labelled":
                advice += ", and name the samples of the target, which have labels, in data.target"
            message = (
                f"expected {what} to train on, the split left {train.numel()} of {len(store)}: "
                f"{advice}"
            )
            raise SettingsError(message)
        if self.needs.target in ("beside", "after") and not self.target["train"].numel():
            message = (
                "the method adapts to a target domain and there are no training events of one: "
                "give a sample with `labelled: false`, or name one under data.target"
            )
            raise SettingsError(message)
        domains = torch.unique(store.events[fields.DOMAIN][train])
        if domains.numel() < self.needs.domains:
            names = ", ".join(store.domain_names[d] for d in domains.tolist())
            message = (
                f"the method compares labelled samples, {self.needs.domains} or more, and there is "
                f"only {names}: give a sample for each of several throws under data.samples"
            )
            raise SettingsError(message)

    def setup(self, stage: str) -> None:
        """Called by Lightning, before anything makes a copy of the method."""
        method = None if self.trainer is None else self.trainer.lightning_module
        if stage == "fit" and isinstance(method, Method):
            domains = self.feed.store.events[fields.DOMAIN][self.splits["train"]]
            method.before_training(torch.unique(domains))

    def _epoch(self) -> tuple[int, int]:
        """The epoch that comes, and the step to begin it with."""
        now = 0 if self.trainer is None else self.trainer.current_epoch
        first, step = self.resume_at
        return (first, step) if now <= first else (now, 0)

    def _share(self) -> Share:
        """Which process this is."""
        if self.trainer is not None:
            connector = self.trainer._accelerator_connector
            if self.trainer.world_size > 1 and connector.use_distributed_sampler:
                message = (
                    "expected a Trainer with use_distributed_sampler=False: the plan gives each "
                    "process its share, and Lightning would divide that once more"
                )
                raise SettingsError(message)
            return Share(self.trainer.global_rank, self.trainer.world_size)
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            return Share(torch.distributed.get_rank(), torch.distributed.get_world_size())
        return Share()

    def plan(self, split: str) -> BatchPlan:
        """The steps of a part: the training events in an order of their own each epoch.

        Raises:
            SettingsError: there are fewer events than processes.
        """
        events, share = self.splits[split], self._share()
        if 0 < events.numel() < share.world:
            message = (
                f"expected {split} events for each of {share.world} processes, there are "
                f"{events.numel()}: give more data, or use fewer devices"
            )
            raise SettingsError(message)
        plan = self._plan(events, split, share)
        target = self.target[split]
        if self.needs.target != "beside" or not target.numel():
            return plan
        return PairedPlan(plan, self._plan(target, split, share, "target"))

    def _plan(self, events: Tensor, split: str, share: Share, *purpose: str) -> BatchPlan:
        shuffle = split == "train"
        seed = seed_for(self.seed, *purpose) if purpose else self.seed
        return BatchPlan(
            events,
            self.batch_size,
            seed if shuffle else None,
            self._epoch if shuffle else lambda: (self._epoch()[0], 0),
            blocks=None if self.buffer is None else blocks_of(self.feed.store, self.buffer),
            buffer=self.buffer or 0,
            share=share,
        )

    def _loader(self, split: str) -> DataLoader[list[Batch]]:
        views = ViewDataset(
            self.feed.store,
            views=self.needs.views,
            augmentation=self.augmentation,
            edges=self.edges,
            seed=self.seed,
            purpose=f"{split} views",
            source=self.source,
        )
        return DataLoader(
            views,
            batch_size=None,
            sampler=fed(self.plan(split), self.feed),
            num_workers=self.num_workers,
            pin_memory=torch.cuda.is_available(),
        )

    def train_dataloader(self) -> DataLoader[list[Batch]]:
        """The training events in an order of their own each epoch."""
        return self._loader("train")

    def val_dataloader(self) -> DataLoader[list[Batch]]:
        """The validation events, with views of their own each epoch."""
        return self._loader("validation")
