"""The first bytes of a ROOT file."""

from __future__ import annotations

import struct
from dataclasses import dataclass

__all__ = ["HEADER_BYTES", "Header", "parse_header"]

HEADER_BYTES = 75
"""The length of the longer of the two forms of the header."""

# https://root.cern/doc/master/classTFile.html: magic, fVersion, fBEGIN, fEND, fSeekFree,
# fNbytesFree, nfree, fNbytesName, fUnits, fCompress, fSeekInfo, fNbytesInfo, version of the
# UUID, UUID.
_SMALL = struct.Struct(">4siiiiiiiBiiiH16s")
_LARGE = struct.Struct(">4siiqqiiiBiqiH16s")


@dataclass(frozen=True)
class Header:
    """What the header of a ROOT file says.

    Attributes:
        version: of the format.
        length: of the file in bytes (``fEND``), when it was closed.
        uuid: of the file, 32 hexadecimal digits.
    """

    version: int
    length: int
    uuid: str


def parse_header(start: bytes) -> Header | None:
    """The header in the first bytes of a file; None where it is not whole or not ROOT's."""
    if not start.startswith(b"root") or len(start) < 8:
        return None
    version = int.from_bytes(start[4:8], "big", signed=True)
    # Files beyond 2 GB have 8-byte pointers and a version that is larger by 1,000,000.
    layout = _LARGE if version >= 1_000_000 else _SMALL
    if len(start) < layout.size:
        return None
    parts = layout.unpack_from(start)
    return Header(version, int(parts[3]), parts[13].hex())
