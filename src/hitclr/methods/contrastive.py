"""Contrastive learning: two views of an event are pulled together, all others pushed away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from hitclr.losses import ContrastiveLoss
from hitclr.methods.base import Method, Needs, Optimisation
from hitclr.nn import InputNorm, LinearProbe, Projector

__all__ = ["Contrastive"]


class Contrastive(Method):
    """SimCLR (alpha 0) to SupCon (alpha 1) on two augmented views of each event.

    The projector serves the training alone; the representation is what the encoder gives. Classes
    are read off by a linear probe, fitted once training is over.

    Args:
        encoder: a module that maps a batch to [B, D].
        norm: standardises what enters the encoder.
        num_classes: the number of classes.
        optimisation: how the weights are updated.
        alpha: the weight of positives of the same class against those of the same event, 0 to 1.
            Above 0 the labels of training events are used where they are known.
        temperature: of the softmax over similarities.
        projection: the width of the projector's output.
        batch_norm: whether the projector has batch normalisation.
    """

    needs: ClassVar[Needs] = Needs(views=2, augmented=True)

    def __init__(
        self,
        encoder: nn.Module,
        norm: InputNorm,
        num_classes: int,
        optimisation: Optimisation | None = None,
        *,
        alpha: float = 0.0,
        temperature: float = 0.1,
        projection: int = 64,
        batch_norm: bool = True,
    ) -> None:
        super().__init__(encoder, norm, num_classes, optimisation)
        self.criterion = ContrastiveLoss(alpha=alpha, temperature=temperature)
        self.projector = Projector(self.width, self.width, projection, batch_norm=batch_norm)
        self.probe = LinearProbe(self.width, num_classes)

    def loss(self, views: Sequence[Batch]) -> Tensor:
        """The alpha-weighted contrastive loss of two views."""
        # Both views at once, so that the batch statistics are those of all.
        together = self.projector(torch.cat([self.embed(view) for view in views]))
        first, second = together.chunk(2)
        loss: Tensor = self.criterion(first, second, views[0].y)
        return loss

    def logits(self, embedding: Tensor) -> Tensor:
        """Class scores [B, C] of the probe.

        Raises:
            HitclrError: the probe has not been fitted.
        """
        scores: Tensor = self.probe(embedding)
        return scores
