"""How uproot gets the bytes of a file on a server."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from uproot.source.chunk import Chunk, Source
from uproot.source.coalesce import coalesce_requests
from uproot.source.futures import TrivialFuture

from hitclr.io.files.remote import file_system, in_words

__all__ = ["RemoteSource"]

_THREADS = 8


class RemoteSource(Source):
    """Byte ranges through fsspec, each checked to be all that was asked for.

    uproot's own source (``FSSpecSource``) takes what comes: the answer of a server that ignores a
    range, the whole file, would be cut to the length of the range and pass for it. Otherwise this
    is the same: uproot names all ranges that it needs, near ones are joined (to about 10 MB), and
    the joined ones are asked for at once. Nothing is cached or read ahead: uproot knows what it
    needs, while a cache in blocks asks for one after the other.

    Neither uproot nor fsspec repeats a request of HTTP (the client of XRootD does, by its own
    settings ``XRD_...``). Here a range that did not come is asked for once more; when that fails,
    the reading does.

    Args:
        url: the file's.
        options: those that uproot hands on; none is used.
    """

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__()
        self._file_path = url
        self._system, self._path = file_system(url)
        self._executor = ThreadPoolExecutor(_THREADS)
        self._closed = False

    def chunk(self, start: int, stop: int) -> Any:
        """The bytes from ``start`` to ``stop``.

        Raises:
            ConnectionError: they did not come.
        """
        return Chunk(self, start, stop, TrivialFuture(self._read([(start, stop)])[0]))

    def chunks(self, ranges: list[tuple[int, int]], notifications: queue.Queue[Any]) -> list[Any]:
        """The bytes of many ranges, which come while others are worked on."""

        def submit(joined: list[tuple[int, int]]) -> Future[list[bytes]]:
            return self._executor.submit(self._read, joined)

        return list(coalesce_requests(ranges, submit, self, notifications))

    def _read(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        parts = self._ask(ranges)
        wrong = [i for i, part in enumerate(parts) if _fault(part, *ranges[i]) is not None]
        for i, part in zip(wrong, self._ask([ranges[i] for i in wrong]), strict=True):
            fault = _fault(part, *ranges[i])
            if fault is not None:
                start, stop = ranges[i]
                message = f"bytes {start} to {stop} of {self._file_path} did not come: {fault}"
                raise ConnectionError(message)
            parts[i] = part
        return parts

    def _ask(self, ranges: Sequence[tuple[int, int]]) -> list[Any]:
        """The bytes or the exception of each range."""
        if not ranges:
            return []
        starts, stops = ([bounds[i] for bounds in ranges] for i in (0, 1))
        try:
            return list(self._system.cat_ranges([self._path] * len(ranges), starts, stops))
        except (OSError, RuntimeError, ValueError, asyncio.TimeoutError) as error:
            # Some file systems raise what others return.
            return [error] * len(ranges)

    @property
    def num_bytes(self) -> int:
        """The length of the file."""
        return int(self._system.size(self._path))

    @property
    def closed(self) -> bool:
        """Whether the file is closed."""
        return self._closed

    def __enter__(self) -> RemoteSource:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown()
        self._closed = True


def _fault(part: Any, start: int, stop: int) -> str | None:
    if isinstance(part, BaseException):
        return in_words(part)
    if len(part) != stop - start:
        return f"the server sent {len(part)} instead of {stop - start} bytes"
    return None
