"""What the encoders check alike: their options, and the batch that they are given."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal, TypeVar

from torch_geometric.data import Batch

from hitclr.errors import HitclrError, SettingsError

__all__ = ["Size", "check_above_zero", "check_counts", "check_features", "choose_size"]

Size = Literal["tiny", "small", "base"]
"""The sizes that every encoder comes in."""

_T = TypeVar("_T")


def choose_size(owner: str, sizes: Mapping[str, _T], size: str) -> _T:
    """What ``sizes`` has for ``size``.

    Raises:
        SettingsError: it has nothing; the message has what there is.
    """
    if size not in sizes:
        message = f"{owner}: expected for size one of {', '.join(sizes)}, got {size!r}"
        raise SettingsError(message)
    return sizes[size]


def check_counts(owner: str, **counts: object) -> None:
    """Check that all are whole numbers of at least 1.

    Raises:
        SettingsError: one is not; the message has its name.
    """
    for name, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            message = f"{owner}: expected {name} of at least 1, a whole number, got {count!r}"
            raise SettingsError(message)


def check_above_zero(owner: str, **numbers: object) -> None:
    """Check that all are finite numbers above 0.

    Raises:
        SettingsError: one is not; the message has its name.
    """
    for name, number in numbers.items():
        value = number if isinstance(number, (int, float)) else math.nan
        if isinstance(number, bool) or not (math.isfinite(value) and value > 0):
            message = f"{owner}: expected for {name} a finite number above 0, got {number!r}"
            raise SettingsError(message)


def check_features(owner: str, batch: Batch, in_channels: int) -> None:
    """Check that ``x`` of a batch has so many columns.

    Raises:
        HitclrError: it has another number.
    """
    if batch.x.size(1) != in_channels:
        message = (
            f"{owner}: expected {in_channels} hit features, got {batch.x.size(1)}. A model reads "
            f"events of the schema that it was trained with."
        )
        raise HitclrError(message)
