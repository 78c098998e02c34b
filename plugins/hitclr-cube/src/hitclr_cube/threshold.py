"""A higher charge threshold, with this detector's numbers."""

from __future__ import annotations

from hitclr import augment
from hitclr.augment import Parameter

__all__ = ["ChargeThreshold"]


class ChargeThreshold(augment.ChargeThreshold):
    """Drop the hits with less charge than a threshold; the brightest hit of an event stays.

    Args:
        threshold: the smallest charge that stays, in photo-electrons; drawn per event. The
            default begins at the detector's nominal threshold: hits below it are not there.
        feature: the name of the charge.
        probability: the probability with which each event is changed.
    """

    def __init__(
        self,
        threshold: Parameter = (2.5, 6.5),
        feature: str = "charge",
        probability: float = 1.0,
    ) -> None:
        super().__init__(threshold, feature, probability)
