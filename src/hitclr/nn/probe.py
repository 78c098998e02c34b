"""The probe: a linear classifier on the frozen representation."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hitclr.errors import HitclrError

__all__ = ["LinearProbe"]


class LinearProbe(nn.Module):
    """Standardise, then a linear map to class scores.

    All numbers are buffers: they are fitted elsewhere (a logistic regression), stored in the
    checkpoint and never trained.

    Args:
        in_channels: the width D of the representation.
        num_classes: the number of classes C.

    Attributes:
        mean: [D], subtracted from the representation.
        scale: [D], what it is divided by then.
        weight: [C, D].
        bias: [C].
        fitted: whether `set_` has been called.
    """

    mean: Tensor
    scale: Tensor
    weight: Tensor
    bias: Tensor
    fitted: Tensor

    def __init__(self, in_channels: int, num_classes: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(in_channels))
        self.register_buffer("scale", torch.ones(in_channels))
        self.register_buffer("weight", torch.zeros(num_classes, in_channels))
        self.register_buffer("bias", torch.zeros(num_classes))
        self.register_buffer("fitted", torch.tensor(False))

    def set_(self, mean: Tensor, scale: Tensor, weight: Tensor, bias: Tensor) -> None:
        """Take fitted numbers over.

        Args:
            mean: [D], the mean of the representation.
            scale: [D], its deviation, above 0.
            weight: [C, D], the weights for the standardised representation.
            bias: [C].

        Raises:
            HitclrError: a shape does not fit, a number is not finite or a scale not above 0; the
                probe is then as it was before.
        """
        given = {"mean": mean, "scale": scale, "weight": weight, "bias": bias}
        for name, value in given.items():
            own: Tensor = getattr(self, name)
            if value.shape != own.shape:
                message = (
                    f"probe: expected {name} of shape {tuple(own.shape)} for a representation of "
                    f"{self.mean.numel()} features and {self.bias.numel()} classes, got "
                    f"{tuple(value.shape)}"
                )
                raise HitclrError(message)
            if not bool(value.isfinite().all()):
                message = f"probe: expected finite numbers for {name}; the fit has failed"
                raise HitclrError(message)
        if not bool((scale > 0).all()):
            message = (
                f"probe: expected scales above 0, got {float(scale.min())}; give 1 for a feature "
                f"that does not vary"
            )
            raise HitclrError(message)
        for name, value in given.items():
            getattr(self, name).copy_(value)
        self.fitted.fill_(True)

    def forward(self, representation: Tensor) -> Tensor:
        """The class scores (logits) [B, C] of a representation [B, D], in the probe's precision.

        Raises:
            HitclrError: the probe has not been fitted.
        """
        if not bool(self.fitted):
            message = (
                "the probe has not been fitted, so it cannot classify. Fit it on the "
                "representations of labelled events first, or load a checkpoint with a fitted one."
            )
            raise HitclrError(message)
        with torch.autocast(representation.device.type, enabled=False):
            standard = (representation.to(self.mean.dtype) - self.mean) / self.scale
            return nn.functional.linear(standard, self.weight, self.bias)
