"""Minimum class confusion: predictions on unlabelled events do not waver between classes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hitclr.losses.checks import check_positive, check_scores, lifted
from hitclr.losses.entropy import certainty_weights

__all__ = ["ClassConfusionLoss", "class_confusion_loss"]

_NAME = "class confusion"


def class_confusion_loss(scores: Tensor, *, temperature: float = 2.5) -> Tensor:
    r"""How much pairs of classes are predicted for the same events.

    With ``Y`` the softmax of ``scores / temperature``, H the entropy of its rows and weights
    ``w_i = 1 + e^{-H_i}`` (the paper gives them a mean of 1, which cancels in L):

    .. math:: C_{cd} = \sum_i w_i Y_{ic} Y_{id}, \quad
              L = \frac{1}{|C|} \sum_c \sum_{d \ne c} \frac{C_{cd}}{\sum_e C_{ce}}

    (Jin et al. 2020, arXiv:1912.03699, sec. 3). As in the authors' released program, no gradient
    passes through the weights w. Under DDP give it gathered rows (`gather_rows`).

    Args:
        scores: [B, C] floating point, class scores before the softmax of events of the target
            domain.
        temperature: what the scores are divided by, above 0.

    Returns:
        A scalar, in float32 or better even under autocast; 0 where every prediction is certain,
        ``1 - 1/C`` where each says nothing.

    Raises:
        SettingsError: ``temperature`` is out of range.
        HitclrError: the shape is another.

    >>> round(float(class_confusion_loss(torch.zeros(5, 4))), 4)
    0.75
    """
    check_positive(_NAME, temperature=temperature)
    check_scores(_NAME, scores)
    with torch.autocast(scores.device.type, enabled=False):
        softened = lifted(scores) / temperature
        weights = certainty_weights(softened).detach()
        predicted = softened.softmax(1)
        confusion = (weights[:, None] * predicted).T @ predicted
        # A class that no event can be in has a row of zeros after rounding: no confusion.
        total = confusion.sum(1, keepdim=True).clamp(min=torch.finfo(confusion.dtype).tiny)
        normed = confusion / total
        return (normed - normed.diagonal().diag()).sum() / scores.size(1)


class ClassConfusionLoss(nn.Module):
    """`class_confusion_loss` with its option.

    Args:
        temperature: what the scores are divided by, above 0.

    Raises:
        SettingsError: ``temperature`` is out of range.
    """

    def __init__(self, temperature: float = 2.5) -> None:
        super().__init__()
        check_positive(_NAME, temperature=temperature)
        self.temperature = temperature

    def forward(self, scores: Tensor) -> Tensor:
        """The loss of class scores [B, C], a scalar; see `class_confusion_loss`."""
        return class_confusion_loss(scores, temperature=self.temperature)

    def extra_repr(self) -> str:
        """The option, for printing the module."""
        return f"temperature={self.temperature}"
