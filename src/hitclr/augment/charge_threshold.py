"""A higher charge threshold."""

from __future__ import annotations

import torch
from torch_geometric.data import Batch

from hitclr.augment.base import Augmentation
from hitclr.augment.draws import Draws
from hitclr.augment.hits import drop_hits
from hitclr.augment.parameter import Parameter, check_parameter, sample_parameter
from hitclr.events import feature_index

__all__ = ["ChargeThreshold"]


class ChargeThreshold(Augmentation):
    """Drop the hits with less charge than a threshold; the brightest hit of an event stays.

    What changes the charge, or the response to it, is to be followed by this: a detector reads out
    no hit below its threshold.

    Args:
        threshold: the smallest charge that stays, in the feature's unit; drawn per event. A range
            is best begun at the detector's own threshold: hits below it are not there.
        feature: the name of the charge.
        probability: the probability with which each event is changed.

    Raises:
        SettingsError: an argument is out of range.
        SchemaError: (on use) the batch has no such feature.
    """

    writes = ()
    keeps_hits = False

    def __init__(
        self, threshold: Parameter, feature: str = "charge", probability: float = 1.0
    ) -> None:
        super().__init__(probability)
        self.threshold = check_parameter("ChargeThreshold, threshold", threshold, low=0.0)
        self.feature = feature

    def sample(self, batch: Batch, generator: torch.Generator) -> Draws:
        """Draw ``threshold`` [B] per event."""
        threshold = sample_parameter(self.threshold, batch.num_graphs, generator)
        return Draws(batch.ptr, event={"threshold": threshold})

    def transform(self, batch: Batch, draws: Draws) -> Batch:
        """Keep the hits that reach the threshold of their event."""
        charge = batch.x[:, feature_index(batch, self.feature)]
        return drop_hits(
            batch, charge >= draws.event["threshold"].index_select(0, batch.batch), rank=charge
        )
