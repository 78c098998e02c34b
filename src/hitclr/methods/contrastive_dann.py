"""Contrastive learning against a domain classifier."""

from __future__ import annotations

from torch import Tensor, nn

from hitclr.losses import AlphaSchedule, reversal_ramp
from hitclr.methods.base import Optimisation
from hitclr.methods.contrastive_adaptation import ContrastiveAdaptation
from hitclr.methods.domain_head import DomainHead
from hitclr.nn import InputNorm

__all__ = ["ContrastiveDANN"]


class ContrastiveDANN(ContrastiveAdaptation):
    """Contrastive learning on both domains, against a domain classifier (arXiv:1505.07818).

    The domain classifier looks at the representation. Classes are read off by a linear probe that
    is fitted on the source.

    Args:
        encoder: a module that maps a batch to [B, D].
        norm: standardises what enters the encoder.
        num_classes: the number of classes.
        optimisation: how the weights are updated.
        alpha: see `Contrastive`.
        temperature: of the softmax over similarities.
        projection: the width of the projector's output.
        batch_norm: whether the projector has batch normalisation.
        weight: of the domain classifier's loss, and so of its reversed gradient.
        hidden: the width of the domain classifier's hidden layer.
        ramp: whether the reversed gradient comes in slowly, by `reversal_ramp`; if not, it is there
            from the first step.

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
        alpha: float | AlphaSchedule = 1.0,
        temperature: float = 0.1,
        projection: int = 64,
        batch_norm: bool = True,
        weight: float = 1.0,
        hidden: int = 128,
        ramp: bool = True,
    ) -> None:
        super().__init__(
            encoder,
            norm,
            num_classes,
            optimisation,
            alpha=alpha,
            temperature=temperature,
            projection=projection,
            batch_norm=batch_norm,
            weight=weight,
        )
        self.domain_head = DomainHead(self.width, hidden)
        self.ramp = ramp

    def term(self, embedding: Tensor, target: Tensor) -> Tensor:
        """The loss of the domain classifier; see `ContrastiveAdaptation.term`."""
        reversal = reversal_ramp(self.progress) if self.ramp else 1.0
        loss: Tensor = self.domain_head(embedding, target, reversal)
        return loss
