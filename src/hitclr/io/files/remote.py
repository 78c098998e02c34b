"""Files on servers: which package reads them, and what the servers say."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any

import fsspec

from hitclr.errors import InputError, MissingExtraError, SettingsError
from hitclr.io.files.header import HEADER_BYTES
from hitclr.io.policy import SKIP_IT, Reason
from hitclr.optional import require

__all__ = ["RemoteStart", "file_system", "in_words", "protocol_of", "read_start", "unreachable"]

_EXTRAS = {
    "http": ("hitclr[http]", ("aiohttp",)),
    "https": ("hitclr[http]", ("aiohttp",)),
    "root": ("hitclr[xrootd]", ("XRootD", "fsspec_xrootd")),
}
# Of HTTP, and of XRootD (https://xrootd.org/docs.html, protocol reference, error codes).
_GONE = (404, 410, 3011)
_FORBIDDEN = (401, 403, 407, 3010)
_XROOTD_CODE = re.compile(r"\[(3\d{3})\]")
_MARKS = ("ETag", "Last-Modified", "Content-MD5", "Digest", "mtime", "checksum")


@dataclass(frozen=True)
class RemoteStart:
    """What a server tells of a file before it is read.

    Attributes:
        size: the file's length in bytes.
        start: its first bytes, `HEADER_BYTES` of them or all.
        marks: what tells one state of the file from another: ``ETag``, ``Last-Modified``, ...,
            those of them that the server gives.
    """

    size: int
    start: bytes
    marks: dict[str, str]


def protocol_of(url: str) -> str:
    """The protocol of a URL, of the last one in a chain.

    >>> protocol_of("simplecache::https://host/a.root")
    'https'
    """
    return url.split("://", 1)[0].rsplit("::", 1)[-1]


def file_system(url: str) -> tuple[Any, str]:
    """The fsspec file system of a URL, and the name of the file in it.

    What a server needs besides, such as a token, a proxy or another time-out, stands in fsspec's
    own configuration: a file in ``~/.config/fsspec``, or the environment, as in
    ``FSSPEC_HTTP='{"headers": {"Authorization": "Bearer ..."}}'``.

    Raises:
        MissingExtraError: the package for the protocol is not installed.
        SettingsError: fsspec knows no such protocol, or the URL makes no sense.
    """
    protocol = protocol_of(url)
    try:
        system, path = fsspec.url_to_fs(url)
    except ImportError as error:
        install, modules = _EXTRAS.get(protocol, ("", ()))
        for module in modules:
            require(module, purpose=f"reading {protocol}:// files", install=install)
        message = f"reading {protocol}:// files needs another package: {error}"
        raise MissingExtraError(message) from error
    except ValueError as error:
        message = f"expected the URL of a file, {url} cannot be used: {error}"
        raise SettingsError(message) from error
    return system, str(path)


def read_start(url: str) -> RemoteStart:
    """The length and the first bytes of a file on a server.

    Raises:
        InputError: the server does not give the file, or cannot give parts of it.
        MissingExtraError: the package for the protocol is not installed.
        SettingsError: fsspec knows no such protocol, or the URL makes no sense.
    """
    system, path = file_system(url)
    system.invalidate_cache()  # what a glob listed may have changed since
    try:
        info = system.info(path)
    except Exception as error:
        raise unreachable(url, error) from error
    size = info.get("size")
    if info.get("type") == "directory":
        message = "expected a ROOT file, this is a folder"
        advice = f"name the files in it: {url.rstrip('/')}/*.root"
        raise InputError(message, reason=Reason.MISSING_FILE, file=url, advice=advice)
    if size is None:
        raise _no_parts(url, "does not say how long the file is")
    marks = {name: str(info[name]) for name in _MARKS if info.get(name) is not None}
    if size == 0:
        return RemoteStart(0, b"", marks)
    try:
        whole = "http" not in system.protocol or _has_last_byte(system, path, size)
        start = system.cat_file(path, start=0, end=min(size, HEADER_BYTES))
    except Exception as error:
        if "support range requests" in str(error):
            raise _no_parts(url, "sends whole files only (no byte ranges)") from error
        raise unreachable(url, error) from error
    if not whole:
        raise _no_parts(url, f"says that the file has {size} bytes, and gives fewer")
    return RemoteStart(int(size), bytes(start), marks)


def _has_last_byte(system: Any, path: str, size: int) -> bool:
    """Whether a server of HTTP gives the last byte of a file alone.

    One that ignores ranges would send all of a long file for its first bytes. Asked for a later
    one, fsspec's file object looks at the head of the answer, and stops there with an error.
    """
    with system.open(path, "rb", size=size, cache_type="none") as file:
        file.seek(size - 1)
        return len(file.read(1)) == 1


def _no_parts(url: str, what: str) -> InputError:
    message = f"expected a server that sends parts of a file, this one {what}"
    return InputError(
        message,
        reason=Reason.DAMAGED_FILE,
        file=url,
        advice=f"fetch the whole file first: copy it here, or name it simplecache::{url}",
    )


def in_words(error: BaseException) -> str:
    """What a server or the connection to it said, in one line."""
    status = getattr(error, "status", None)
    if status is not None:
        return f"{status} {getattr(error, 'message', '')}".strip()
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return "no answer in time"
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def unreachable(url: str, error: Exception) -> InputError:
    """The error for a file that a server does not give, from what fsspec raised."""
    fault: BaseException = error
    if isinstance(error, FileNotFoundError) and error.__cause__ is not None:
        fault = error.__cause__  # fsspec calls every fault of HTTP "not found"
    status = getattr(fault, "status", None)
    code = _XROOTD_CODE.search(str(fault))
    if status is None and code is not None:
        status = int(code[1])
    if status in _GONE or isinstance(fault, FileNotFoundError):
        reason, message = Reason.MISSING_FILE, "expected a ROOT file, the server has no such file"
        advice = "check the URL"
    elif status in _FORBIDDEN or isinstance(fault, PermissionError):
        reason = Reason.DAMAGED_FILE
        message = f"expected a readable file, the server refuses it: {in_words(fault)}"
        advice = "give what the server asks for (token, login) in fsspec's configuration"
    else:
        reason = Reason.MISSING_FILE
        message = f"expected a ROOT file, the server does not give it: {in_words(fault)}"
        advice = f"check the URL and the network, try again later, or {SKIP_IT}"
    return InputError(message, reason=reason, file=url, advice=advice)
