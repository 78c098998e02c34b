"""What methods share that train without a head and are read out by a probe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from hitclr.methods.base import Method, Needs, Optimisation
from hitclr.nn import InputNorm, LinearProbe

__all__ = ["Probed"]


class Probed(Method):
    """A method that learns from two views of each event, and has classes from a linear probe.

    The probe is fitted on the representation once training is over; until then nothing classifies.

    Args:
        encoder: a module that maps a batch to [B, D].
        norm: standardises what enters the encoder.
        num_classes: the number of classes.
        optimisation: how the weights are updated.
    """

    needs = Needs(views=2, augmented=True)
    classifies: ClassVar[bool] = False

    def __init__(
        self,
        encoder: nn.Module,
        norm: InputNorm,
        num_classes: int,
        optimisation: Optimisation | None = None,
    ) -> None:
        super().__init__(encoder, norm, num_classes, optimisation)
        self.probe = LinearProbe(self.width, num_classes)

    def embed_views(self, views: Sequence[Batch]) -> Tensor:
        """The representation of the first view of all events, then of the second [2B, D]."""
        return torch.cat([self.embed(view) for view in views])

    def logits(self, embedding: Tensor) -> Tensor:
        """Class scores [B, C] of the probe.

        Raises:
            HitclrError: the probe has not been fitted.
        """
        scores: Tensor = self.probe(embedding)
        return scores
