"""One file, opened as events and read chunk by chunk."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass

from hitclr.errors import InputError
from hitclr.io.files import FileName, find_tree, open_root
from hitclr.io.layouts import EventTree, FlatTree, JaggedTree
from hitclr.io.policy import SKIP_IT, Reason
from hitclr.io.reading.chunk import Chunk, JudgedEvents, judge_events
from hitclr.io.reading.event_columns import SeenKeys
from hitclr.io.reading.wanted import Wanted, wanted_columns
from hitclr.io.schema import LabelRule, Schema

__all__ = ["ReadingThreads", "iterate_file", "open_event_tree"]

_CHUNK_BYTES = 16 * 2**20


@dataclass(frozen=True)
class ReadingThreads:
    """Threads that read files, the same for all: each new one would hold memory of its own.

    Attributes:
        number: how many chunks are judged at the same time.
        chunks: judge chunks; they wait for ``branches``.
        branches: read branches.
    """

    number: int
    chunks: ThreadPoolExecutor
    branches: ThreadPoolExecutor

    @staticmethod
    @contextmanager
    def of(number: int) -> Iterator[ReadingThreads | None]:
        """So many threads; none for fewer than two, which read in the thread that asks."""
        if number < 2:
            yield None
            return
        with (
            ThreadPoolExecutor(number, "hitclr-chunks") as chunks,
            ThreadPoolExecutor(number, "hitclr-branches") as branches,
        ):
            yield ReadingThreads(number, chunks, branches)


@contextmanager
def open_event_tree(
    schema: Schema,
    labelling: str | LabelRule | None,
    file: FileName,
    pool: ThreadPoolExecutor | None = None,
) -> Iterator[tuple[EventTree, Wanted]]:
    """Open a file's tree as events, and say what is to be read of it.

    Args:
        schema: how branches become events.
        labelling: the label, the rule or neither that holds for the file.
        file: the file.
        pool: threads that read branches at the same time; None reads one after the other.

    Raises:
        InputError: the file cannot be read, or the schema does not fit it.
    """
    with open_root(file) as directory:
        tree = find_tree(directory, schema.tree, file)
        wanted = wanted_columns(tree, schema, labelling)
        if schema.layout == "flat":
            yield (
                FlatTree(
                    tree,
                    file,
                    wanted.branches,
                    schema.group_by,
                    schema.rows,
                    pool,
                    schema.records,
                ),
                wanted,
            )
        else:
            yield JaggedTree(tree, file, wanted.branches, pool, schema.records), wanted


def iterate_file(
    schema: Schema,
    labelling: str | LabelRule | None,
    classes: Sequence[str],
    file: FileName,
    *,
    entries: tuple[int, int | None] = (0, None),
    threads: ReadingThreads | None = None,
) -> Iterator[Chunk]:
    """Read one file chunk by chunk, each about 16 MB.

    Args:
        schema: how branches become events.
        labelling: the class of all events, the rule for it, or None where it is unknown.
        classes: the class names in the order of ``y``.
        file: the file.
        entries: the first event to read and that after the last; None for all.
        threads: those that read, unpack and judge at the same time; None for none.

    Yields:
        Chunks that together cover every event; each says what is wrong with the events that it
        leaves out.

    Raises:
        InputError: the file cannot be read, or the schema does not fit it.
    """
    pool = None if threads is None else threads.branches
    with open_event_tree(schema, labelling, file, pool) as (tree, wanted):
        first = entries[0]
        last = tree.number if entries[1] is None else min(entries[1], tree.number)
        if first >= last:
            where = "the tree has no entries"
            if tree.number:
                where = f"the tree has {tree.number}, which ends before entry {first}"
            message = f"expected events, {where}"
            raise InputError(
                message,
                reason=Reason.NO_ENTRIES,
                file=file,
                tree=schema.tree,
                advice=f"leave the file out, or {SKIP_IT}",
            )
        seen = SeenKeys()

        def judge(start: int, stop: int) -> JudgedEvents:
            return judge_events(tree, schema, wanted, labelling, classes, start, stop)

        # Closed before the file is, also where the caller stops early.
        with closing(_ahead(judge, _cuts(tree, first, last), threads)) as parts:
            for judged in parts:
                yield judged.finish(seen)


def _ahead(
    judge: Callable[[int, int], JudgedEvents],
    ranges: Iterable[tuple[int, int]],
    threads: ReadingThreads | None,
) -> Generator[JudgedEvents, None, None]:
    """Ranges of events, judged in order; with threads, the next ones while these are used."""
    if threads is None:
        yield from (judge(start, stop) for start, stop in ranges)
        return
    waiting: deque[Future[JudgedEvents]] = deque()
    try:
        for start, stop in ranges:
            waiting.append(threads.chunks.submit(judge, start, stop))
            if len(waiting) > threads.number:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for late in waiting:  # the file is closed next
            late.cancel()
        wait(waiting)


def _cuts(tree: EventTree, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Ranges of about 16 MB that cover ``first`` to ``last``, at the borders of clusters if it can.

    A cluster of more than four times that is cut, although it is then unpacked several times.
    """
    step = max(1, int(_CHUNK_BYTES / max(tree.bytes_per_event, 1)))
    inner = tree.clusters[(tree.clusters > first) & (tree.clusters < last)].tolist()
    start = first
    for end in [*inner, last]:
        while end - start > 4 * step:
            yield start, start + step
            start += step
        if end - start >= step or end == last:
            yield start, end
            start = end
