"""Conditional domain-adversarial training: the domain classifier sees the predictions, too."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hitclr.losses import ConditionalMap, certainty_weights, reversal_ramp
from hitclr.methods.adaptation import Adaptation
from hitclr.methods.base import Optimisation
from hitclr.methods.domain_head import DomainHead
from hitclr.nn import InputNorm

__all__ = ["CDAN"]


class CDAN(Adaptation):
    """DANN on products of representation and predictions (Long et al. 2018, arXiv:1705.10667).

    So domains become alike within each predicted class. As in the authors' released program, the
    predictions are constants to the reversed gradient. So are the weights of CDAN+E here, which the
    program passes a gradient through.

    Args:
        encoder: a module that maps a batch to [B, D].
        norm: standardises what enters the encoder.
        num_classes: the number of classes.
        optimisation: how the weights are updated.
        label_smoothing: the share of each target that is spread over all classes.
        views: how many augmented views of each event a step has; 0 for the events as they are.
        batch_norm: whether the head normalises the representation first (`ClassHead`).
        weight: of the domain classifier's loss, and so of its reversed gradient.
        hidden: the width of the domain classifier's hidden layer.
        ramp: whether the reversed gradient comes in slowly, by `reversal_ramp`; if not, it is there
            from the first step.
        entropy: whether events with certain predictions count more (CDAN+E).

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
        hidden: int = 128,
        ramp: bool = True,
        entropy: bool = True,
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
        # Where it needs random matrices, they are drawn as the first weights of layers are.
        self.map = ConditionalMap(self.width, num_classes, generator=torch.default_generator)
        self.domain_head = DomainHead(self.map.out_channels, hidden)
        self.ramp = ramp
        self.entropy = entropy

    def term(self, embedding: Tensor, logits: Tensor, target: Tensor) -> Tensor:
        """The loss of the domain classifier; see `Adaptation.term`."""
        reversal = reversal_ramp(self.progress) if self.ramp else 1.0
        fixed = logits.detach()
        weights = certainty_weights(fixed) if self.entropy else None
        loss: Tensor = self.domain_head(self.map(embedding, fixed), target, reversal, weights)
        return loss
