"""The feature names that a batch carries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

__all__ = ["FeatureNames"]


class FeatureNames:
    """The names of the columns of ``x``, the same for every event of a batch.

    Indexed with an event it gives the names, which is how PyG's ``to_data_list()`` hands each
    event its share of an attribute. It is no sequence on purpose: PyG walks through sequences, name
    by name, whenever a batch is copied or moved to another device.

    Args:
        names: [F] the names.

    Attributes:
        names: [F] the names.

    >>> FeatureNames(["charge", "time"])[3]
    ('charge', 'time')
    """

    __iter__: ClassVar[None] = None

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)

    def __getitem__(self, event: int) -> tuple[str, ...]:
        return self.names

    def __repr__(self) -> str:
        return f"[{', '.join(self.names)}]"
