"""The Lightning data module: from the event store to the views that a method needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import lightning as L
import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torch_geometric.data import Batch

from hitclr import fields
from hitclr.augment import Augmentation
from hitclr.data.plan import BatchPlan, PairedPlan, Share, fed
from hitclr.data.view_dataset import ViewDataset
from hitclr.errors import SettingsError
from hitclr.events import blocks_of
from hitclr.graphs import EdgeBuilder
from hitclr.io import Feed
from hitclr.methods import Method, Needs
from hitclr.rng import seed_for
from hitclr.views import ViewSource

__all__ = ["EventDataModule"]


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
