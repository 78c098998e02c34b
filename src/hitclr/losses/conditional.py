"""CDAN's map: what a domain classifier sees depends on features and predictions together."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from hitclr.errors import HitclrError, SettingsError
from hitclr.losses.checks import lifted

__all__ = ["ConditionalMap", "multilinear_map", "random_multilinear_map"]

_NAME = "conditional map"


def multilinear_map(features: Tensor, probabilities: Tensor) -> Tensor:
    r"""All products :math:`f_i g_c` of features and predictions (arXiv:1705.10667, sec. 3).

    Args:
        features: [B, F] floating point.
        probabilities: [B, C] floating point, the predicted probability of each class.

    Returns:
        [B, F * C], those of the first feature first.

    Raises:
        HitclrError: the shapes do not fit together.

    >>> multilinear_map(torch.tensor([[1.0, 2.0]]), torch.tensor([[0.25, 0.75]])).tolist()
    [[0.25, 0.75, 0.5, 1.5]]
    """
    _check(features, probabilities)
    return (features[:, :, None] * probabilities[:, None, :]).flatten(1)


def random_multilinear_map(
    features: Tensor, probabilities: Tensor, to_features: Tensor, to_probabilities: Tensor
) -> Tensor:
    r"""A random sketch of `multilinear_map`, of any size.

    .. math:: T = \frac{1}{\sqrt{d}} \, (R_f f) \odot (R_g g)

    (Long et al. 2018, arXiv:1705.10667, sec. 3). Where the elements of the matrices are
    independent, symmetric and of unit variance, inner products of T are those of the full map in
    the mean (theorem 1).

    Args:
        features: [B, F] floating point.
        probabilities: [B, C] floating point, the predicted probability of each class.
        to_features: [F, d], the transpose of :math:`R_f`.
        to_probabilities: [C, d], the transpose of :math:`R_g`.

    Returns:
        T [B, d].

    Raises:
        HitclrError: the shapes do not fit together.
    """
    _check(features, probabilities)
    size = to_features.size(-1)
    if (*to_features.shape, *to_probabilities.shape) != (
        features.size(1),
        size,
        probabilities.size(1),
        size,
    ):
        message = (
            f"{_NAME}: expected random matrices of shapes ({features.size(1)}, d) and "
            f"({probabilities.size(1)}, d), got {tuple(to_features.shape)} and "
            f"{tuple(to_probabilities.shape)}"
        )
        raise HitclrError(message)
    return (features @ to_features) * (probabilities @ to_probabilities) / math.sqrt(size)


class ConditionalMap(nn.Module):
    """What CDAN gives to its domain classifier (Long et al. 2018, arXiv:1705.10667, sec. 3).

    All products of features and predictions where these are few, else a random sketch of them.
    The random matrices (normal, of unit variance) are drawn once and stored with the weights.
    Gradients pass to both arguments; the authors' released program detaches the predictions.

    Args:
        features: the number F of features.
        classes: the number C of classes.
        limit: the largest ``F * C`` for which all products are taken (4096 in the paper).
        size: the size d of the sketch.
        generator: draws the matrices; needed where there are more products than ``limit``.

    Attributes:
        out_channels: the width of what comes out.

    Raises:
        SettingsError: a number is below 1, or the generator is needed and missing.
    """

    to_features: Tensor | None
    to_probabilities: Tensor | None

    def __init__(
        self,
        features: int,
        classes: int,
        limit: int = 4096,
        size: int = 1024,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        given = {"features": features, "classes": classes, "limit": limit, "size": size}
        for name, value in given.items():
            if value < 1:
                message = f"{_NAME}: expected {name} of 1 or more, got {value!r}"
                raise SettingsError(message)
        sketched = features * classes > limit
        if sketched and generator is None:
            message = (
                f"{_NAME}: {features} features times {classes} classes are more than {limit}, so "
                f"a generator is needed to draw random matrices; give one, or raise the limit"
            )
            raise SettingsError(message)
        self.out_channels = size if sketched else features * classes
        for name, rows in (("to_features", features), ("to_probabilities", classes)):
            drawn = _normal(rows, size, generator) if sketched and generator else None
            self.register_buffer(name, drawn)

    def forward(self, features: Tensor, scores: Tensor) -> Tensor:
        """The map [B, out_channels] of features [B, F] and class scores before the softmax [B, C].

        In float32 or better even under autocast.

        Raises:
            HitclrError: the shapes do not fit together.
        """
        with torch.autocast(features.device.type, enabled=False):
            features, probabilities = lifted(features), lifted(scores).softmax(-1)
            if self.to_features is None or self.to_probabilities is None:
                return multilinear_map(features, probabilities)
            return random_multilinear_map(
                features,
                probabilities,
                self.to_features.to(features.dtype),
                self.to_probabilities.to(features.dtype),
            )


def _normal(rows: int, size: int, generator: torch.Generator) -> Tensor:
    return torch.randn(rows, size, generator=generator, device=generator.device)


def _check(features: Tensor, probabilities: Tensor) -> None:
    if features.dim() != 2 or probabilities.dim() != 2 or len(features) != len(probabilities):
        message = (
            f"{_NAME}: expected features [B, F] and predictions [B, C] of the same events, got "
            f"{tuple(features.shape)} and {tuple(probabilities.shape)}"
        )
        raise HitclrError(message)
