"""The classifier that tells source from target, and against which the encoder is trained."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from hitclr.errors import SettingsError
from hitclr.losses import reverse_gradient

__all__ = ["DomainHead"]


class DomainHead(nn.Module):
    """A network with one hidden layer behind a gradient reversal (arXiv:1505.07818).

    Args:
        in_channels: the width W of what it looks at.
        hidden: the width of the hidden layer.

    Raises:
        SettingsError: ``hidden`` is below 1.
    """

    def __init__(self, in_channels: int, hidden: int) -> None:
        super().__init__()
        if hidden < 1:
            message = f"the domain classifier: expected hidden of 1 or more, got {hidden!r}"
            raise SettingsError(message)
        self.layers = nn.Sequential(nn.Linear(in_channels, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(
        self, features: Tensor, target: Tensor, reversal: float, weights: Tensor | None = None
    ) -> Tensor:
        """The mean of the domains' mean cross-entropies, a scalar: log 2 where nothing is told.

        So both domains count the same, however many events they have.

        Args:
            features: [B, W], what it looks at.
            target: [B] bool, which events are of the target; there are some of both.
            reversal: what the gradient is multiplied by, and reversed, on its way to ``features``.
            weights: [B], above 0, of the events within their domain; None for equal ones.

        Raises:
            SettingsError: ``reversal`` is out of range.
        """
        scores = self.layers(reverse_gradient(features, reversal))[:, 0]
        losses = F.binary_cross_entropy_with_logits(scores, target.to(scores), reduction="none")
        if weights is None:
            return (losses[target].mean() + losses[~target].mean()) / 2
        return (
            _mean(losses[target], weights[target]) + _mean(losses[~target], weights[~target])
        ) / 2


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    return (values * weights).sum() / weights.sum()
