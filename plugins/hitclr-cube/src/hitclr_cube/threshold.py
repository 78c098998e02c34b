"""A higher charge threshold."""

from __future__ import annotations

import torch
from torch_geometric.data import Batch

from hitclr.augment import (
    Augmentation,
    Draws,
    Parameter,
    check_parameter,
    drop_hits,
    sample_parameter,
)
from hitclr.events import feature_index

__all__ = ["ChargeThreshold"]


class ChargeThreshold(Augmentation):
    """Drop the hits with less charge than a threshold; the brightest hit of an event stays.

    Args:
        threshold: the smallest charge that stays, in photo-electrons; drawn per event. The range
            by default begins at the detector's nominal threshold: hits below it are not there.
        feature: the name of the charge.
        probability: the probability with which each event is changed.

    Raises:
        SettingsError: an argument is out of range.
        SchemaError: (on use) the batch has no such feature.
    """

    writes = ()
    keeps_hits = False

    def __init__(
        self,
        threshold: Parameter = (2.5, 6.5),
        feature: str = "charge",
        probability: float = 1.0,
    ) -> None:
        super().__init__(probability)
        self.threshold = check_parameter("ChargeThreshold, threshold", threshold, low=0.0)
        self.feature = feature

    def sample(self, batch: Batch, generator: torch.Generator) -> Draws:
        """Draw ``threshold`` [B] per event, in photo-electrons."""
        threshold = sample_parameter(self.threshold, batch.num_graphs, generator)
        return Draws(batch.ptr, event={"threshold": threshold})

    def transform(self, batch: Batch, draws: Draws) -> Batch:
        """Keep the hits that reach the threshold of their event."""
        charge = batch.x[:, feature_index(batch, self.feature)]
        return drop_hits(batch, charge >= draws.event["threshold"][batch.batch], rank=charge)
