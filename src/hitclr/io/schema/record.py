"""How the bytes of a branch are numbers, where the file does not say or says it wrongly."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from pydantic import Field, model_validator

from hitclr.io.schema.parts import Part

__all__ = ["Record"]

_TYPE = re.compile(r"[iu]1|[<>](?:[iu][248]|f[48])")


class Record(Part):
    """A structure of fixed size, of which an entry of a branch has one or many.

    For classes that write themselves with code of their own: ROOT files do not describe those.

    Attributes:
        size: its bytes.
        vector: whether an entry is a ``std::vector`` of it, with ROOT's header before it; otherwise
            an entry is one.
        fields: for each number in it, by name, the byte where it begins and its type, as numpy
            writes it: ``<`` or ``>`` for the order of the bytes (``>`` is ROOT's), ``i``, ``u`` or
            ``f``, and how many bytes. Bytes that no field has are passed over.
    """

    size: int = Field(ge=1)
    vector: bool = False
    fields: Mapping[str, tuple[int, str]] = Field(min_length=1)

    @model_validator(mode="after")
    def _within(self) -> Record:
        for name, (start, kind) in self.fields.items():
            if not _TYPE.fullmatch(kind):
                message = (
                    f"{name}: expected a type such as >i4, <u4, >f8 or u1 (order of the bytes, "
                    f"kind, number of bytes), got {kind!r}"
                )
                raise ValueError(message)
            if start < 0 or start + int(kind[-1]) > self.size:
                message = (
                    f"{name}: expected a place within the {self.size} bytes of the record, got "
                    f"{kind} at byte {start}"
                )
                raise ValueError(message)
        return self

    @property
    def dtype(self) -> np.dtype[np.void]:
        """The structure for numpy."""
        return np.dtype(
            {
                "names": list(self.fields),
                "formats": [kind for _, kind in self.fields.values()],
                "offsets": [start for start, _ in self.fields.values()],
                "itemsize": self.size,
            }
        )
