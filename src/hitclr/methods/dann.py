"""Domain-adversarial training: nothing tells the target's representation from the source's."""

from __future__ import annotations

from torch import Tensor, nn

from hitclr.losses import reversal_ramp
from hitclr.methods.adaptation import Adaptation
from hitclr.methods.base import Optimisation
from hitclr.methods.domain_head import DomainHead
from hitclr.nn import InputNorm

__all__ = ["DANN"]


class DANN(Adaptation):
    """A classifier whose encoder is trained against a domain classifier (arXiv:1505.07818).

    The domain classifier learns to tell the domains apart by the representation, the encoder, by a
    reversed gradient, to prevent it (Ganin et al. 2016). It presumes that classes are equally
    frequent in both domains: else what makes domains alike mixes classes.

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
        self.domain_head = DomainHead(self.width, hidden)
        self.ramp = ramp

    def term(self, embedding: Tensor, logits: Tensor, target: Tensor) -> Tensor:
        """The loss of the domain classifier; see `Adaptation.term`."""
        reversal = reversal_ramp(self.progress) if self.ramp else 1.0
        loss: Tensor = self.domain_head(embedding, target, reversal)
        return loss
