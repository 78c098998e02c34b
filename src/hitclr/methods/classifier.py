"""The plain classifier: the same encoder, a linear head, cross-entropy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn
from torch_geometric.data import Batch

from hitclr import fields
from hitclr.methods.base import Method, Needs, Optimisation
from hitclr.nn import InputNorm

__all__ = ["Classifier"]


class Classifier(Method):
    """Supervised training on the labelled events as they are, without augmentations.

    Args:
        encoder: a module that maps a batch to [B, D].
        norm: standardises what enters the encoder.
        num_classes: the number of classes.
        optimisation: how the weights are updated.
        label_smoothing: the share of each target that is spread over all classes.
    """

    needs: ClassVar[Needs] = Needs(views=1, labels=True, weights=True)

    def __init__(
        self,
        encoder: nn.Module,
        norm: InputNorm,
        num_classes: int,
        optimisation: Optimisation | None = None,
        *,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(encoder, norm, num_classes, optimisation)
        self.label_smoothing = label_smoothing
        self.head = nn.Linear(self.width, num_classes)

    def loss(self, views: Sequence[Batch]) -> Tensor:
        """The cross-entropy of the head, a mean with the events' weights where they have any."""
        (view,) = views
        losses = F.cross_entropy(
            self.logits(self.embed(view)),
            view.y,
            label_smoothing=self.label_smoothing,
            reduction="none",
        )
        if fields.WEIGHT in view:
            losses = losses * view[fields.WEIGHT]
        # By the batch's size, not its weights' sum: that may be zero where some are negative.
        return losses.mean()

    def logits(self, embedding: Tensor) -> Tensor:
        """Class scores [B, C] of the head."""
        scores: Tensor = self.head(embedding)
        return scores
