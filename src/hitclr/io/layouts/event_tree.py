"""A tree seen as events, whatever an entry of it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from hitclr.io.files import FileName

__all__ = ["EventTree"]


class EventTree(Protocol):
    """An open TTree or RNTuple, cut into events.

    Attributes:
        file: the file that it is in.
        name: its name.
        number: how many events it has.
        clusters: [C+1] int64, offsets in events: what lies between two of them is stored together,
            so that reading less of it unpacks the rest in vain.
        bytes_per_event: how large the columns of an event are on average in memory, about.
    """

    file: FileName
    name: str
    number: int
    clusters: NDArray[np.int64]
    bytes_per_event: float

    def columns(self, names: Sequence[str], start: int, stop: int) -> Mapping[str, ak.Array]:
        """Columns of the events ``start`` to ``stop``, one entry for each event.

        Where an entry is a hit, all columns are lists.

        Raises:
            InputError: a branch is missing, holds no numbers, or cannot be read.
        """

    def entries(self, start: int, stop: int) -> NDArray[np.int64]:
        """For each event [stop - start] the entry of the tree that it begins with."""
