"""Memory for the hits of blocks, used again for one block after another."""

from __future__ import annotations

import math
import mmap
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from hitclr.events import EventStore

__all__ = ["HitMemory", "KeptBlock"]


@dataclass(frozen=True)
class KeptBlock:
    """The events of a block, and the memory that their hits lie at the beginning of."""

    store: EventStore
    memory: dict[str, Tensor]


class HitMemory:
    """Keeps the hits of blocks outside the heap of the process.

    A block lives long among arrays that are made and dropped to read the next one. In one heap with
    them it leaves a gap when it goes, which the allocator keeps: the memory of the process then
    grows with time. Several threads may use it at the same time.

    Args:
        hits: how many hits a block has at most.
    """

    def __init__(self, hits: int) -> None:
        self._hits = hits
        self._free: list[dict[str, Tensor]] = []

    def keep(self, store: EventStore) -> KeptBlock:
        """The same events, their hits copied here.

        Args:
            store: a block. One with more hits than was said gets memory of its own size.
        """
        try:
            memory = self._free.pop()
        except IndexError:
            memory = {}
        for name, column in store.hits.items():
            if name not in memory or memory[name].size(0) < store.num_hits:
                rows = max(self._hits, store.num_hits)
                memory[name] = _outside((rows, *column.shape[1:]), column.dtype)
            memory[name][: store.num_hits] = column
        hits = {name: memory[name][: store.num_hits] for name in store.hits}
        return KeptBlock(replace(store, hits=hits), memory)

    def drop(self, block: KeptBlock) -> None:
        """Say that a block is not needed any more; another may then overwrite it."""
        self._free.append(block.memory)


def _outside(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """An uninitialised tensor outside the heap; the system gets it back with the last view."""
    number = math.prod(shape)
    memory = mmap.mmap(-1, max(1, number) * dtype.itemsize)
    return torch.frombuffer(memory, dtype=dtype, count=max(1, number))[:number].view(shape)
