"""The head of a classifier."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hitclr.errors import HitclrError

__all__ = ["ClassHead"]


class ClassHead(nn.Module):
    """Batch normalisation of the representation, then a linear map to class scores.

    The normalisation has no weights of its own, as the linear map would absorb them. It
    standardises as a probe does, so that head and probe are alike but for how they are fitted.
    While training the scores depend on the batch; a batch of one event has no variance and is
    normalised as in evaluation. On several GPUs the statistics are synchronised (Lightning's
    ``sync_batchnorm``).

    Args:
        in_channels: the width D of the representation.
        num_classes: the number of classes C.
        batch_norm: whether to normalise.

    Attributes:
        norm: the normalisation, or the identity.
        linear: from [B, D] to [B, C].
    """

    def __init__(self, in_channels: int, num_classes: int, batch_norm: bool = True) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(in_channels, affine=False) if batch_norm else nn.Identity()
        self.linear = nn.Linear(in_channels, num_classes)

    def forward(self, representation: Tensor) -> Tensor:
        """The class scores (logits) [B, C] of a representation [B, D]."""
        scores: Tensor = self.linear(self._normalise(representation))
        return scores

    def _normalise(self, representation: Tensor) -> Tensor:
        norm = self.norm
        if len(representation) > 1 or not self.training or isinstance(norm, nn.Identity):
            normalised: Tensor = norm(representation)
            return normalised
        return nn.functional.batch_norm(
            representation, norm.running_mean, norm.running_var, training=False, eps=norm.eps
        )

    @torch.no_grad()
    def set_statistics(self, mean: Tensor, variance: Tensor) -> None:
        """Normalise by these from now on.

        Args:
            mean: [D], of the representation.
            variance: [D].

        Raises:
            HitclrError: the head was made without normalisation.
        """
        if not isinstance(self.norm, nn.BatchNorm1d):
            message = (
                "class head: expected one with batch normalisation, got one without, which has no "
                "statistics to be set: make it with batch_norm=True"
            )
            raise HitclrError(message)
        self.norm.get_buffer("running_mean").copy_(mean)
        self.norm.get_buffer("running_var").copy_(variance)
