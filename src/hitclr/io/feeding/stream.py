"""Events whose hits are read from their files as training goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Batch

from hitclr.events import EventStore, blocks_of, counts_from_ptr, make_batch, ptr_from_counts
from hitclr.heap import trim_heap
from hitclr.io.feeding.event_files import EventFiles
from hitclr.io.feeding.hit_memory import HitMemory, KeptBlock
from hitclr.io.reading import Sample
from hitclr.io.schema import Schema

__all__ = ["StreamedFeed"]

_AHEAD = 2  # blocks that are read before a step needs them


class StreamedFeed:
    """Events whose hits are read when a step needs them, and dropped after the last that does.

    The events were read once before, to know which there are and that they are good. What is in
    memory at a time follows from the order of the steps: the blocks of events between their first
    use and their last, and two that are read ahead. It does not depend on the number of
    files.

    Args:
        index: the events without their hits, with their clusters.
        schema: how branches become events.
        samples: what was read, in the order of the domains.
        buffer: how many events are to be held at a time; it decides on the blocks.
        threads: how many threads read blocks at the same time, and how many read their branches.
    """

    stored = False

    def __init__(
        self,
        index: EventStore,
        schema: Schema,
        samples: Sequence[Sample],
        buffer: int,
        *,
        threads: int = 1,
    ) -> None:
        self.store = index
        self.schema = schema
        self.samples = tuple(samples)
        self.threads = threads
        self.blocks = blocks_of(index, buffer)

    def batches(self, steps: Sequence[Tensor]) -> Iterator[Batch]:
        """See `Feed.batches`."""
        plan = _Plan(steps, self.blocks)
        trim_heap()  # what making the plans has freed, which grows with the number of events
        files = EventFiles(self.store, self.schema, self.samples, self.threads)
        memory = HitMemory(self._most_hits())
        held: dict[int, Future[KeptBlock]] = {}
        asked = 0

        def read(block: int) -> KeptBlock:
            return memory.keep(files.read(plan.events(block)))

        try:
            for number, events in enumerate(steps):
                while asked < min(plan.needed(number) + _AHEAD, len(plan.order)):
                    block = plan.order[asked]
                    held[block] = self._readers.submit(read, block)
                    asked += 1
                shares = [
                    _slice(held[block].result().store, begin, end)
                    for block, begin, end in plan.shares(number)
                ]
                yield self._batch(events, shares)
                for block in plan.done(number):
                    memory.drop(held.pop(block).result())
        finally:
            for future in held.values():
                future.cancel()
            wait(held.values())
            files.close()

    @cached_property
    def _readers(self) -> ThreadPoolExecutor:
        """Threads for all epochs: new ones in each might each take a new heap to read in."""
        return ThreadPoolExecutor(self.threads, "hitclr-stream")

    def __getstate__(self) -> dict[str, Any]:
        """All but the threads, which another process has to start for itself."""
        return {name: value for name, value in self.__dict__.items() if name != "_readers"}

    def _most_hits(self) -> int:
        """The number of hits of the block that has most."""
        borders = self.store.ptr[self.blocks]
        return int((borders[1:] - borders[:-1]).max()) if len(borders) > 1 else 0

    def _batch(self, events: Tensor, shares: Sequence[tuple[dict[str, Tensor], Tensor]]) -> Batch:
        """The batch of events from the hits of shares of them, one after the other."""
        hits = {name: torch.cat([columns[name] for columns, _ in shares]) for name in shares[0][0]}
        counts = torch.cat([counts for _, counts in shares])
        rest = {name: column[events] for name, column in self.store.events.items()}
        return make_batch(hits, rest, ptr_from_counts(counts), self.store.feature_names)


def _slice(store: EventStore, begin: int, end: int) -> tuple[dict[str, Tensor], Tensor]:
    """The hit columns of the events ``begin`` to ``end``, and the numbers of their hits."""
    first, last = int(store.ptr[begin]), int(store.ptr[end])
    counts = counts_from_ptr(store.ptr[begin : end + 1])
    return {name: column[first:last] for name, column in store.hits.items()}, counts


class _Plan:
    """Which blocks each step needs, and what of them.

    The events of a block are sorted by the step that needs them, so that the share of a step is a
    slice. What is held follows from the number of steps and of the blocks in each, not from the
    number of events.

    Attributes:
        order: the blocks in the order of their first use.
    """

    def __init__(self, steps: Sequence[Tensor], blocks: Tensor) -> None:
        self._steps = steps
        shares = [self._cut(step, blocks) for step in steps]
        number = torch.tensor([share.shape[1] for share in shares], dtype=torch.int64)
        step = torch.repeat_interleave(torch.arange(len(steps)), number)
        block, begin, end = torch.cat([torch.zeros(3, 0, dtype=torch.int64), *shares], 1)
        self._ptr = ptr_from_counts(number)

        by_block = torch.argsort(block, stable=True)  # and in it by step
        names, uses = torch.unique_consecutive(block[by_block], return_counts=True)
        self._uses = ptr_from_counts(uses)
        self._place = {int(name): place for place, name in enumerate(names)}
        self._parts = torch.stack([step, begin, end], 1)[by_block]
        sizes = (end - begin)[by_block]
        stop = torch.cumsum(sizes, 0)
        stop -= torch.repeat_interleave((stop - sizes)[self._uses[:-1]], uses)
        self._shares = torch.empty(block.numel(), 3, dtype=torch.int64)
        self._shares[by_block] = torch.stack([block[by_block], stop - sizes, stop], 1)

        first, last = step[by_block][self._uses[:-1]], step[by_block][self._uses[1:] - 1]
        by_use = torch.argsort(first, stable=True)
        self.order: list[int] = names[by_use].tolist()
        self._first = first[by_use].contiguous()
        by_last = torch.argsort(last, stable=True)
        self._last_used = names[by_last]
        self._done = torch.searchsorted(last[by_last].contiguous(), torch.arange(len(steps) + 1))

    @staticmethod
    def _cut(events: Tensor, blocks: Tensor) -> Tensor:
        """The blocks of a step's events, and of each the first place in the step and the end."""
        block = torch.searchsorted(blocks, events, right=True) - 1
        names, counts = torch.unique_consecutive(block, return_counts=True)
        end = torch.cumsum(counts, 0)
        return torch.stack([names, end - counts, end])

    def events(self, block: int) -> Tensor:
        """The events [K] int64 of a block that any step needs."""
        place = self._place[block]
        parts = self._parts[self._uses[place] : self._uses[place + 1]].tolist()
        return torch.cat([self._steps[step][begin:end] for step, begin, end in parts])

    def needed(self, step: int) -> int:
        """How many blocks, in their order, the steps up to and with this one need."""
        return int(torch.searchsorted(self._first, step, right=True))

    def shares(self, step: int) -> list[tuple[int, int, int]]:
        """The blocks that a step needs, and of each the first event and that after the last."""
        rows = self._shares[self._ptr[step] : self._ptr[step + 1]].tolist()
        return [(block, begin, end) for block, begin, end in rows]

    def done(self, step: int) -> list[int]:
        """The blocks that no step after this one needs."""
        blocks: list[int] = self._last_used[self._done[step] : self._done[step + 1]].tolist()
        return blocks
