"""What another light yield does to events that were read out with the nominal one."""

from __future__ import annotations

import torch
from hitclr import fields
from hitclr.augment import (
    Augmentation,
    Draws,
    Parameter,
    check_number,
    check_parameter,
    drop_hits,
    sample_parameter,
)
from hitclr.events import feature_index, replace_hits
from torch_geometric.data import Batch

__all__ = ["LightYield"]


class LightYield(Augmentation):
    """Multiply all charges of an event by one factor; hits that fall below the threshold are lost.

    Of an event that would lose all of them the brightest stays. Hits that a higher light yield
    would lift above the threshold are not there to be found: re-simulation makes them.

    Args:
        factor: the light yield as a factor of the nominal one; drawn per event.
        threshold: the detector's threshold in pe.
        probability: the probability with which each event is changed.

    Raises:
        SettingsError: an argument is out of range.
        SchemaError: (on use) the batch has no feature ``charge``.
    """

    writes = (fields.X,)
    keeps_hits = False

    def __init__(
        self, factor: Parameter = (0.8, 1.2), threshold: float = 3.0, probability: float = 1.0
    ) -> None:
        super().__init__(probability)
        self.factor = check_parameter("LightYield, factor", factor, low=0.0)
        self.threshold = check_number("LightYield, threshold", threshold, low=0.0)

    def sample(self, batch: Batch, generator: torch.Generator) -> Draws:
        """Draw ``factor`` [B] per event: all randomness is here."""
        factor = sample_parameter(self.factor, batch.num_graphs, generator)
        return Draws(batch.ptr, event={"factor": factor})

    def transform(self, batch: Batch, draws: Draws) -> Batch:
        """Scale the charges, and drop the hits that are below the threshold then."""
        column = feature_index(batch, "charge")
        x = batch.x.clone()
        x[:, column] *= draws.event["factor"][batch.batch]
        charge = x[:, column]
        return drop_hits(replace_hits(batch, {fields.X: x}), charge >= self.threshold, rank=charge)
