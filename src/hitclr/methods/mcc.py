"""Adaptation by minimum class confusion."""

from __future__ import annotations

from torch import Tensor, nn

from hitclr.losses import ClassConfusionLoss
from hitclr.methods.adaptation import Adaptation
from hitclr.methods.base import Optimisation
from hitclr.methods.domains import by_domain
from hitclr.nn import InputNorm

__all__ = ["MCC"]


class MCC(Adaptation):
    """A classifier that is not to waver between classes on the target (arXiv:1912.03699).

    Jin et al. 2020, with `class_confusion_loss`. It needs a target that is classified better than
    by chance to begin with.

    Args:
        encoder: a module that maps a batch to [B, D].
        norm: standardises what enters the encoder.
        num_classes: the number of classes.
        optimisation: how the weights are updated.
        label_smoothing: the share of each target that is spread over all classes.
        views: how many augmented views of each event a step has; 0 for the events as they are.
        batch_norm: whether the head normalises the representation first (`ClassHead`).
        weight: of the confusion, against the cross-entropy.
        temperature: what the target's class scores are divided by.

    Raises:
        SettingsError: an option is out of range.
    """

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
        temperature: float = 2.5,
    ) -> None:
        super().__init__(
            encoder,
            norm,
            num_classes,
            optimisation,
            label_smoothing=label_smoothing,
            views=views,
            batch_norm=batch_norm,
            weight=weight,
        )
        self.confusion = ClassConfusionLoss(temperature)

    def term(self, embedding: Tensor, logits: Tensor, target: Tensor) -> Tensor:
        """The confusion on the target of all processes; see `Adaptation.term`."""
        _, scores = by_domain(logits, target)
        loss: Tensor = self.confusion(scores)
        return loss
