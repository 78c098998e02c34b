"""The charge scale of whole events."""

from __future__ import annotations

import torch
from torch_geometric.data import Batch

from hitclr import fields
from hitclr.augment.base import Augmentation
from hitclr.augment.draws import Draws
from hitclr.augment.parameter import Normal, Parameter, check_parameter, sample_parameter
from hitclr.events import feature_index, replace_hits

__all__ = ["ChargeScale"]

_TEN_PERCENT = Normal(mean=1.0, deviation=0.1, minimum=0.0)


class ChargeScale(Augmentation):
    """Multiply the charge of all hits of an event by one factor.

    Args:
        scale: the factor, at least 0; drawn per event. By default normal around 1 with a width of
            0.1, cut at 0.
        feature: the name of the feature that is scaled.
        probability: the probability with which each event is changed.

    Raises:
        SettingsError: an argument is out of range.
    """

    writes = (fields.X,)
    keeps_distances = True

    def __init__(
        self, scale: Parameter = _TEN_PERCENT, feature: str = "charge", probability: float = 1.0
    ) -> None:
        super().__init__(probability)
        self.scale = check_parameter("ChargeScale, scale", scale, low=0.0)
        self.feature = feature

    def sample(self, batch: Batch, generator: torch.Generator) -> Draws:
        """Draw ``scale`` [B] per event."""
        scale = sample_parameter(self.scale, batch.num_graphs, generator)
        return Draws(batch.ptr, event={"scale": scale})

    def transform(self, batch: Batch, draws: Draws) -> Batch:
        """Multiply the feature by the factor of the event.

        Raises:
            SchemaError: the batch has no such feature.
        """
        column = feature_index(batch, self.feature)
        x = batch.x.clone()
        x[:, column] *= draws.event["scale"].index_select(0, batch.batch)
        return replace_hits(batch, {fields.X: x})
