"""One file, opened as events and read chunk by chunk."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager

import awkward as ak

from hitclr.errors import InputError
from hitclr.io.files import FileName, find_tree, open_root
from hitclr.io.layouts import EventTree, FlatTree, JaggedTree
from hitclr.io.policy import SKIP_IT, Reason
from hitclr.io.reading.chunk import Chunk, read_chunk
from hitclr.io.reading.event_columns import SeenKeys
from hitclr.io.reading.wanted import Wanted, wanted_columns
from hitclr.io.schema import LabelRule, Schema

__all__ = ["iterate_file", "open_event_tree"]

_CHUNK_BYTES = 16 * 2**20


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
                FlatTree(tree, file, wanted.branches, schema.group_by, schema.rows, pool),
                wanted,
            )
        else:
            yield JaggedTree(tree, file, wanted.branches, pool), wanted


def iterate_file(
    schema: Schema,
    labelling: str | LabelRule | None,
    classes: Sequence[str],
    file: FileName,
    *,
    entries: tuple[int, int | None] = (0, None),
    pool: ThreadPoolExecutor | None = None,
) -> Iterator[Chunk]:
    """Read one file chunk by chunk, each about 16 MB.

    Args:
        schema: how branches become events.
        labelling: the class of all events, the rule for it, or None where it is unknown.
        classes: the class names in the order of ``y``.
        file: the file.
        entries: the first event to read and that after the last; None for all.
        pool: threads that read branches at the same time; None reads one after the other.

    Yields:
        Chunks that together cover every event; each says what is wrong with the events that it
        leaves out.

    Raises:
        InputError: the file cannot be read, or the schema does not fit it.
    """
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
        ranges = _cuts(tree, first, last)
        # Closed before the file is, also where the caller stops early.
        with closing(_ahead(tree, wanted.branches, ranges, threaded=pool is not None)) as parts:
            for start, stop, read in parts:
                yield read_chunk(tree, schema, wanted, labelling, classes, start, stop, seen, read)


def _ahead(
    tree: EventTree,
    branches: Sequence[str],
    ranges: Iterable[tuple[int, int]],
    *,
    threaded: bool,
) -> Generator[tuple[int, int, Mapping[str, ak.Array]], None, None]:
    """The columns of ranges of events; with threads, the next are read while these are used."""
    if not threaded:
        yield from ((start, stop, tree.columns(branches, start, stop)) for start, stop in ranges)
        return
    with ThreadPoolExecutor(1) as reader:
        waiting: deque[tuple[int, int, Future[Mapping[str, ak.Array]]]] = deque()
        try:
            for start, stop in ranges:
                waiting.append((start, stop, reader.submit(tree.columns, branches, start, stop)))
                if len(waiting) > 1:
                    start, stop, columns = waiting.popleft()
                    yield start, stop, columns.result()
            while waiting:
                start, stop, columns = waiting.popleft()
                yield start, stop, columns.result()
        finally:
            reader.shutdown(cancel_futures=True)


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
