"""Gradient reversal: what lies before it learns to make worse what lies behind it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from hitclr.errors import HitclrError
from hitclr.losses.checks import check_positive

__all__ = ["reversal_ramp", "reverse_gradient"]

_NAME = "gradient reversal"


def reverse_gradient(x: Tensor, weight: float = 1.0) -> Tensor:
    """``x`` unchanged, with ``-weight`` times the gradient (Ganin et al. 2016, arXiv:1505.07818).

    Between an encoder and a domain classifier it trains the encoder against the classifier, as in
    DANN, by one minimisation (sec. 4.2, the gradient reversal layer).

    Args:
        x: [...] floating point.
        weight: of the reversed gradient, 0 or more; `reversal_ramp` gives the usual one.

    Raises:
        SettingsError: ``weight`` is out of range.

    >>> x = torch.ones(2, requires_grad=True)
    >>> reverse_gradient(x, 0.5).sum().backward()
    >>> x.grad.tolist()
    [-0.5, -0.5]
    """
    check_positive(_NAME, zero=True, weight=weight)
    made: Tensor = _ReverseGradient.apply(x, weight)  # type: ignore[no-untyped-call]
    return made


def reversal_ramp(progress: float, steepness: float = 10.0) -> float:
    r"""The weight of the reversed gradient over the training, from 0 towards 1.

    .. math:: \lambda_p = \frac{2}{1 + \exp(-\gamma p)} - 1

    (arXiv:1505.07818, sec. 5.2, with gamma 10): the noise of an untrained domain classifier
    does not reach the encoder.

    Args:
        progress: the fraction p of the training that is over, 0 to 1.
        steepness: gamma, above 0.

    Raises:
        HitclrError: ``progress`` is out of range.
        SettingsError: ``steepness`` is.

    >>> reversal_ramp(0.0), round(reversal_ramp(1.0), 4)
    (0.0, 0.9999)
    """
    check_positive(_NAME, steepness=steepness)
    if not 0 <= progress <= 1:
        message = (
            f"{_NAME}: expected the progress of the training as a fraction between 0 and 1, got "
            f"{progress!r}; divide the step by the number of steps"
        )
        raise HitclrError(message)
    # The same function: 2 / (1 + exp(-x)) - 1 = tanh(x / 2).
    return math.tanh(steepness * progress / 2)


class _ReverseGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: float) -> Tensor:
        ctx.weight = weight
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return -ctx.weight * grad, None
