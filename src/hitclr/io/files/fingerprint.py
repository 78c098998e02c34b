"""What tells one state of a file from another."""

from __future__ import annotations

from hitclr.errors import InputError
from hitclr.io.files.header import HEADER_BYTES, parse_header
from hitclr.io.files.names import FileName
from hitclr.io.files.remote import read_start
from hitclr.io.policy import Reason

__all__ = ["fingerprint"]


def fingerprint(file: FileName) -> dict[str, str | int]:
    """What tells one state of a file from another, without reading it all.

    Returns:
        ``size`` in bytes; ``mtime_ns`` of a local file, or what the server tells (``ETag``,
        ``Last-Modified``, ``mtime``, ...); and ``uuid``, which ROOT gives to each file that it
        makes, where the header can be read.

    Raises:
        InputError: there is no such file, it may not be read, or the server does not give it.
        MissingExtraError: the package that reads URLs of this kind is not installed.
    """
    marks: dict[str, str | int]
    if isinstance(file, str):
        remote = read_start(file)
        start, marks = remote.start, {"size": remote.size, **remote.marks}
    else:
        try:
            with file.open("rb") as raw:
                start = raw.read(HEADER_BYTES)
            state = file.stat()
        except OSError as error:
            message = f"expected a readable file: {error.strerror or error}"
            missing = isinstance(error, FileNotFoundError)
            reason = Reason.MISSING_FILE if missing else Reason.DAMAGED_FILE
            raise InputError(message, reason=reason, file=file, advice="check the path") from error
        marks = {"size": state.st_size, "mtime_ns": state.st_mtime_ns}
    header = parse_header(start)
    return marks if header is None else {**marks, "uuid": header.uuid}
