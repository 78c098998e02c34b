"""The hits of known events, read from their files."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Lock

import numpy as np
import torch
from torch import Tensor

from hitclr import fields
from hitclr.errors import InputError
from hitclr.events import EventStore
from hitclr.io.layouts import EventTree
from hitclr.io.policy import Reason
from hitclr.io.reading import Sample, Wanted, open_event_tree, read_chunk
from hitclr.io.schema import Schema

__all__ = ["EventFiles"]

_OPEN_FILES = 8


@dataclass
class _OpenFile:
    stack: ExitStack
    tree: EventTree
    wanted: Wanted
    users: int = 0


class EventFiles:
    """The files of events that were read once before; the last few stay open.

    Several threads may read at the same time. Close it after use.

    Args:
        index: the events; their hits are not used.
        schema: how branches become events.
        samples: what was read, in the order of the domains.
        threads: how many threads read and unpack branches at the same time.
    """

    def __init__(
        self, index: EventStore, schema: Schema, samples: Sequence[Sample], threads: int
    ) -> None:
        # What follows was judged when the index was made, and its columns are there.
        self._schema = schema.model_copy(update={"key": None, "weight": None, "observers": {}})
        self._index = index
        self._samples = tuple(samples)
        self._files = [file for sample in samples for file in sample.files]
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None
        self._open: OrderedDict[int, _OpenFile] = OrderedDict()
        self._lock = Lock()

    def read(self, events: Tensor) -> EventStore:
        """The hits of events of one file that lie close together.

        Args:
            events: [K] int64, rows of the index, in any order.

        Returns:
            A store of these events in this order, without event columns.

        Raises:
            InputError: the file cannot be read, or its events are not those of the index.
        """
        ids = self._index.events[fields.EVENT_ID][events]
        domain = self._index.events[fields.DOMAIN][events]
        number, entries = int(ids[0, 0]), ids[:, 1].numpy()
        with self._opened(number) as (tree, wanted):
            start, stop = int(entries.min()), min(int(entries.max()) + 1, tree.number)
            chunk = read_chunk(tree, self._schema, wanted, None, (), start, stop)
        place = np.searchsorted(chunk.entries, entries)
        found = place < len(chunk.entries)
        found[found] = chunk.entries[place[found]] == entries[found]
        ptr = self._index.ptr
        same = found.all() and np.array_equal(
            np.diff(chunk.ptr)[place], (ptr[events + 1] - ptr[events]).numpy()
        )
        if not same:
            sample = self._samples[int(domain[0])].name
            lost = entries[~found]
            what = f"event {lost[0]} is no longer good" if len(lost) else "numbers of hits differ"
            message = (
                f"expected the events that were there when the file was read first, but {what}: "
                f"the file (sample {sample!r}) was changed since"
            )
            raise InputError(
                message,
                reason=Reason.DAMAGED_FILE,
                file=tree.file,
                tree=tree.name,
                entry=int(lost[0]) if len(lost) else start,
                advice="start the run anew; files must not change while they are trained on",
            )
        store = EventStore(
            {name: torch.from_numpy(column) for name, column in chunk.hits.items()},
            {},
            torch.from_numpy(chunk.ptr),
            feature_names=self._index.feature_names,
        )
        return store.select(torch.from_numpy(place))

    @contextmanager
    def _opened(self, number: int) -> Iterator[tuple[EventTree, Wanted]]:
        """An open file; the one that nobody used for longest is closed for it."""
        with self._lock:
            if number not in self._open:
                idle = [other for other, file in self._open.items() if not file.users]
                if idle and len(self._open) >= _OPEN_FILES:
                    self._open.pop(idle[0]).stack.close()
                stack = ExitStack()
                tree, wanted = stack.enter_context(
                    open_event_tree(self._schema, None, self._files[number], self._pool)
                )
                self._open[number] = _OpenFile(stack, tree, wanted)
            self._open.move_to_end(number)
            file = self._open[number]
            file.users += 1
        try:
            yield file.tree, file.wanted
        finally:
            with self._lock:
                file.users -= 1

    def close(self) -> None:
        """Close the files; no thread may be reading."""
        while self._open:
            _, file = self._open.popitem()
            file.stack.close()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
