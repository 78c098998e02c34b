"""The plain classifier: the same encoder, a normalised linear head, cross-entropy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch_geometric.data import Batch

from hitclr import fields
from hitclr.errors import SettingsError
from hitclr.methods.base import Method, Needs, Optimisation
from hitclr.nn import ClassHead, InputNorm

__all__ = ["Classifier"]


class Classifier(Method):
    """Supervised training on the labelled events as they are, or on augmented views of them.

    Args:
        encoder: a module that maps a batch to [B, D].
        norm: standardises what enters the encoder.
        num_classes: the number of classes.
        optimisation: how the weights are updated.
        label_smoothing: the share of each target that is spread over all classes.
        views: how many augmented views of each event a step has; 0 for the events as they are.
        batch_norm: whether the head normalises the representation first (`ClassHead`).

    Raises:
        SettingsError: an option is out of range.
    """

    needs = Needs(views=1, labels=True, weights=True)

    def __init__(
        self,
        encoder: nn.Module,
        norm: InputNorm,
        num_classes: int,
        optimisation: Optimisation | None = None,
        *,
        label_smoothing: float = 0.0,
        views: int = 0,
        batch_norm: bool = True,
    ) -> None:
        super().__init__(encoder, norm, num_classes, optimisation)
        if not 0 <= label_smoothing < 1 or views < 0:
            message = (
                f"classifier: expected label_smoothing from 0 to below 1 and views of 0 or more, "
                f"got {label_smoothing!r} and {views!r}"
            )
            raise SettingsError(message)
        self.label_smoothing = label_smoothing
        self.head = ClassHead(self.width, num_classes, batch_norm)
        if views:
            self.needs = replace(self.needs, views=views, augmented=True)

    def loss(self, views: Sequence[Batch]) -> Tensor:
        """The cross-entropy of the head, a mean with the events' weights where they have any."""
        losses = [self.cross_entropy(view, self.logits(self.embed(view))) for view in views]
        return torch.stack([one.mean() for one in losses]).mean()

    def cross_entropy(self, view: Batch, logits: Tensor) -> Tensor:
        """The cross-entropy [K] of the K events of known class, times their weights.

        Args:
            view: the events, B of them.
            logits: [B, C], their class scores.
        """
        known = view.y >= 0
        losses = F.cross_entropy(
            logits[known], view.y[known], label_smoothing=self.label_smoothing, reduction="none"
        )
        # A mean of these is by the number of events, not the sum of weights: that may be zero where
        # some are negative.
        return losses * view[fields.WEIGHT][known] if fields.WEIGHT in view else losses

    def logits(self, embedding: Tensor) -> Tensor:
        """Class scores [B, C] of the head."""
        scores: Tensor = self.head(embedding)
        return scores
