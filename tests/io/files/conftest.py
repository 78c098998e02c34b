"""A server of HTTP on this machine, which can be told to misbehave."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import _registry
from fsspec.spec import AbstractFileSystem


class Server:
    """Serves the files of a folder with byte ranges.

    Attributes:
        url: of the folder, without a slash at the end.
        folder: what is served.
        requests: (method, range) of each request so far.
        status: answer every request so, if not 0.
        ranges: whether ranges are heeded; False: the whole file comes, as from http.server. A
            number: those of the first so many requests are.
        cut: how many answers break off half-way, after the first ``spare`` requests.
        delay: seconds before each answer.
        extra: bytes that the file is said to have more than it has.
        silent: the length of the file is not told.
        state: the ETag.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.requests: list[tuple[str, str | None]] = []
        self.status = 0
        self.ranges: bool | int = True
        self.cut = 0
        self.spare = 0
        self.delay = 0.0
        self.extra = 0
        self.silent = False
        self.state = "first"
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_HEAD(self):
                server.answer(self, body=False)

            def do_GET(self):
                server.answer(self, body=True)

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def answer(self, request: BaseHTTPRequestHandler, *, body: bool) -> None:
        wanted = request.headers.get("Range")
        self.requests.append((request.command, wanted))
        time.sleep(self.delay)
        path = self.folder / request.path.lstrip("/").split("?")[0]
        if self.status or not path.is_file():
            request.send_response(self.status or 404)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        data = path.read_bytes()
        length = len(data) + self.extra
        heed = self.ranges if isinstance(self.ranges, bool) else len(self.requests) <= self.ranges
        if wanted and heed:
            first, last = wanted.removeprefix("bytes=").split("-")
            data = data[int(first) : int(last) + 1]
            if not data:
                request.send_response(416)
                request.send_header("Content-Length", "0")
                request.end_headers()
                return
            request.send_response(206)
            request.send_header("Content-Range", f"bytes {first}-{last}/{length}")
            length = len(data)
        else:
            request.send_response(200)
        request.send_header("ETag", self.state)
        if self.silent:
            request.send_header("Connection", "close")
            request.close_connection = True
        else:
            request.send_header("Content-Length", str(length))
        request.end_headers()
        if not body:
            return
        if len(self.requests) > self.spare and self.cut:
            self.cut -= 1
            request.close_connection = True
            data = data[: len(data) // 2]
        request.wfile.write(data)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "served"
    folder.mkdir()
    made = Server(folder)
    thread = threading.Thread(target=made.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.http.shutdown()
    made.http.server_close()
    thread.join()


class FakeRoot(MemoryFileSystem):
    """Files in memory under the protocol of XRootD."""

    protocol = "root"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    find = AbstractFileSystem.find  # folder by folder, as on a server

    @classmethod
    def _strip_protocol(cls, path):
        parts = path.removeprefix("root://").split("/")
        return "/" + "/".join(part for part in parts if part)

    def unstrip_protocol(self, name):
        host, path = name.strip("/").split("/", 1)
        return f"root://{host}//{path}"


@pytest.fixture
def fake_root(monkeypatch: pytest.MonkeyPatch) -> FakeRoot:
    monkeypatch.setitem(_registry, "root", FakeRoot)
    FakeRoot.store.clear()
    return FakeRoot()
