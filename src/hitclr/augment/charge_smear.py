"""The charge of each hit, measured less well."""

from __future__ import annotations

import torch
from torch_geometric.data import Batch

from hitclr import fields
from hitclr.augment.base import Augmentation
from hitclr.augment.draws import Draws
from hitclr.augment.parameter import Parameter, check_parameter, sample_parameter
from hitclr.events import feature_index, replace_hits

__all__ = ["ChargeSmear"]


class ChargeSmear(Augmentation):
    """Multiply the charge of each hit by its own factor ``1 + sigma * normal``, cut at 0.

    Args:
        sigma: the relative width, at least 0; drawn per event.
        feature: the name of the feature that is smeared.
        probability: the probability with which each event is changed.

    Raises:
        SettingsError: an argument is out of range.
    """

    writes = (fields.X,)
    keeps_distances = True

    def __init__(
        self, sigma: Parameter = 0.1, feature: str = "charge", probability: float = 1.0
    ) -> None:
        super().__init__(probability)
        self.sigma = check_parameter("ChargeSmear, sigma", sigma, low=0.0)
        self.feature = feature

    def sample(self, batch: Batch, generator: torch.Generator) -> Draws:
        """Draw ``sigma`` [B] per event and ``noise`` [N], standard normal, per hit."""
        sigma = sample_parameter(self.sigma, batch.num_graphs, generator)
        noise = torch.randn(batch.pos.size(0), generator=generator, device=generator.device)
        return Draws(batch.ptr, event={"sigma": sigma}, hit={"noise": noise})

    def transform(self, batch: Batch, draws: Draws) -> Batch:
        """Multiply the feature by the factors of the hits.

        Raises:
            SchemaError: the batch has no such feature.
        """
        column = feature_index(batch, self.feature)
        factor = 1 + draws.event["sigma"].index_select(0, batch.batch) * draws.hit["noise"]
        x = batch.x.clone()
        x[:, column] *= factor.clamp(min=0)
        return replace_hits(batch, {fields.X: x})
