"""What the methods that adapt to an unlabelled target domain have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from hitclr.methods.base import Needs, Optimisation
from hitclr.methods.classifier import Classifier
from hitclr.methods.domains import check_weight, has_both
from hitclr.nn import InputNorm

__all__ = ["Adaptation"]


class Adaptation(Classifier):
    """A classifier on the source, with a term that makes the target alike.

    A step has as many events of the target as of the source. The labels of the target are hidden.
    With ``batch_norm`` the head normalises by statistics of both, which adapts a little by itself.

    Args:
        encoder: a module that maps a batch to [B, D].
        norm: standardises what enters the encoder.
        num_classes: the number of classes.
        optimisation: how the weights are updated.
        label_smoothing: the share of each target that is spread over all classes.
        views: how many augmented views of each event a step has; 0 for the events as they are.
        batch_norm: whether the head normalises the representation first (`ClassHead`).
        weight: of the term, against the cross-entropy.

    Raises:
        SettingsError: an option is out of range.
    """

    needs = Needs(views=1, labels=True, weights=True, target="beside")

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
        weight: float = 1.0,
    ) -> None:
        super().__init__(
            encoder,
            norm,
            num_classes,
            optimisation,
            label_smoothing=label_smoothing,
            views=views,
            batch_norm=batch_norm,
        )
        check_weight(weight)
        self.weight = weight

    @abstractmethod
    def term(self, embedding: Tensor, logits: Tensor, target: Tensor) -> Tensor:
        """What is small when the target looks like the source, a scalar.

        Args:
            embedding: [B, D], the representation of events of both.
            logits: [B, C], their class scores.
            target: [B] bool, which are of the target; there are some of both.
        """

    def loss(self, views: Sequence[Batch]) -> Tensor:
        """The cross-entropy on the source; in training, with the weighted term.

        Validation is without it: a low term may also mean that the domains are told apart well.
        """
        losses = []
        for view in views:
            embedding = self.embed(view)
            logits = self.logits(embedding)
            losses.append(self.cross_entropy(view, logits).mean())
            target = view.y < 0
            if self.training and has_both(target):
                losses[-1] = losses[-1] + self.weight * self.term(embedding, logits, target)
        return torch.stack(losses).mean()
