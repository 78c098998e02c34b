"""The checks that a file must pass before uproot sees it."""

from __future__ import annotations

import os
from pathlib import Path

from hitclr.errors import InputError, nearest
from hitclr.io.files.header import HEADER_BYTES, parse_header
from hitclr.io.files.names import FileName
from hitclr.io.files.remote import read_start
from hitclr.io.policy import SKIP_IT, Reason

__all__ = ["check_start"]


def check_start(file: FileName) -> None:
    """Check that a file is there, may be read, is ROOT's and is as long as its header says.

    Raises:
        InputError: it is not.
        MissingExtraError: the package that reads URLs of this kind is not installed.
        SettingsError: the URL cannot be used.
    """
    if isinstance(file, str):
        remote = read_start(file)
        size, start = remote.size, remote.start
    else:
        _check_local(file)
        size = file.stat().st_size
        with file.open("rb") as raw:
            start = raw.read(HEADER_BYTES)
    if size == 0:
        message = "expected a ROOT file, this one is empty (0 bytes)"
        raise InputError(
            message,
            reason=Reason.DAMAGED_FILE,
            file=file,
            advice="copy or produce it again; the job that wrote it probably died",
        )
    if start[:4] != b"root":
        message = f"expected a ROOT file (first bytes b'root'), this one starts with {start[:4]!r}"
        raise InputError(message, reason=Reason.NOT_ROOT, file=file, advice="give a .root file")
    header = parse_header(start)
    if header is None:
        detail = "not even its header is whole"
    elif header.version > 0 and 0 < header.length <= size:
        return
    else:
        detail = f"its header says {header.length} bytes (format version {header.version})"
    message = (
        f"expected a whole ROOT file, this one is damaged or cut short: {detail}, it has {size}"
    )
    raise InputError(
        message,
        reason=Reason.DAMAGED_FILE,
        file=file,
        advice=f"copy or produce the file again, or {SKIP_IT}",
    )


def _check_local(file: Path) -> None:
    if file.is_dir():
        message = "expected a ROOT file, this is a folder"
        advice = f"name the files in it: {file}/*.root"
        raise InputError(message, reason=Reason.MISSING_FILE, file=file, advice=advice)
    if not file.is_file():
        message = "expected a ROOT file, there is no such file"
        beside = [p.name for p in file.parent.iterdir()] if file.parent.is_dir() else []
        near = nearest(file.name, beside)
        advice = (
            f"check the path; in the same folder: {', '.join(near)}"
            if near
            else "check the path; the folder holds nothing with a name like it"
        )
        raise InputError(message, reason=Reason.MISSING_FILE, file=file, advice=advice)
    if not os.access(file, os.R_OK):
        message = "expected a readable file, this one may not be read by this user"
        raise InputError(
            message,
            reason=Reason.DAMAGED_FILE,
            file=file,
            advice="ask for the permission, or copy the file",
        )
