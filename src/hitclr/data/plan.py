"""Which events make the steps of an epoch, in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.utils.data import Sampler
from torch_geometric.data import Batch

from hitclr.events import shuffled
from hitclr.io import Feed
from hitclr.rng import generator

__all__ = ["BatchPlan", "FedPlan", "PairedPlan", "Share", "Step", "fed"]


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
