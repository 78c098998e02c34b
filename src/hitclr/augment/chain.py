"""Augmentations one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import Tensor

from hitclr.augment.base import Augmentation
from hitclr.augment.composed import Composed
from hitclr.augment.draws import ACTIVE

__all__ = ["Chain"]


class Chain(Composed):
    """Apply all parts in order.

    The draws keep those of the parts as children, in the same order.

    Args:
        parts: the augmentations, at least one.
        probability: the probability with which an event is changed at all; the parts have their
            own on top.

    Raises:
        SettingsError: there are no parts, or one of them is no augmentation.

    >>> from hitclr.augment import HitDropout, Rotation
    >>> both = Chain([HitDropout(0.1), Rotation()])
    >>> both.keeps_hits, both.keeps_distances
    (False, False)
    """

    def steps(self, event: Mapping[str, Tensor]) -> Iterator[tuple[Augmentation, Tensor]]:
        """Each part, on the events on which the chain is active."""
        for part in self.parts:
            yield part, event[ACTIVE]
