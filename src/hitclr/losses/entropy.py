"""The entropy of predictions, and weights made of it."""

from __future__ import annotations

import torch
from torch import Tensor

from hitclr.losses.checks import check_scores, lifted

__all__ = ["certainty_weights", "prediction_entropy"]

_NAME = "entropy"


def prediction_entropy(scores: Tensor) -> Tensor:
    r"""The entropy :math:`H = -\sum_c p_c \log p_c` of each prediction, in nats.

    Args:
        scores: [B, C] floating point, class scores before the softmax.

    Returns:
        [B], 0 to log C, in float32 or better even under autocast.

    Raises:
        HitclrError: the shape is another.

    >>> round(float(prediction_entropy(torch.zeros(1, 4)).exp()), 4)
    4.0
    """
    check_scores(_NAME, scores)
    with torch.autocast(scores.device.type, enabled=False):
        logs = lifted(scores).log_softmax(1)
        return -(logs.exp() * logs).sum(1)


def certainty_weights(scores: Tensor) -> Tensor:
    r"""Weights :math:`1 + e^{-H}` that are higher where a prediction is certain, 1 to 2.

    CDAN+E weighs events in the loss of the domain classifier by them (Long et al. 2018,
    arXiv:1705.10667, sec. 3), minimum class confusion those in the confusion matrix (Jin et al.
    2020, arXiv:1912.03699, sec. 3). Gradients pass: detach the result where it is to be a constant.

    Args:
        scores: [B, C] floating point, class scores before the softmax.

    Returns:
        [B], in float32 or better even under autocast.

    Raises:
        HitclrError: the shape is another.
    """
    return 1 + (-prediction_entropy(scores)).exp()
