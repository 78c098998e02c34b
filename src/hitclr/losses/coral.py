"""Deep CORAL: two domains get the same covariance of features."""

from __future__ import annotations

import torch
from torch import Tensor

from hitclr.losses.checks import check_domains, lifted

__all__ = ["coral_loss"]


def coral_loss(source: Tensor, target: Tensor) -> Tensor:
    r"""The squared distance of two domains' covariance matrices.

    .. math:: L = \frac{1}{4 D^2} \lVert C_S - C_T \rVert_F^2

    (Sun and Saenko 2016, arXiv:1607.01719, eq. 1), with covariances over ``n - 1`` (eqs. 2, 3).
    Means do not matter. Under DDP give it gathered rows (`gather_rows`).

    Args:
        source: [n, D] floating point, features of events of the one domain, n of 2 or more.
        target: [m, D] floating point, those of the other, m of 2 or more.

    Returns:
        A scalar, in float32 or better even under autocast.

    Raises:
        HitclrError: the shapes do not fit together, or there are too few events.

    >>> round(float(coral_loss(torch.tensor([[0.0], [2.0]]), torch.tensor([[1.0], [1.0]]))), 4)
    1.0
    """
    check_domains("CORAL", source, target, rows=2)
    with torch.autocast(source.device.type, enabled=False):
        difference = _covariance(lifted(source)) - _covariance(lifted(target))
        return difference.square().mean() / 4


def _covariance(features: Tensor) -> Tensor:
    centred = features - features.mean(0)
    return centred.T @ centred / (len(features) - 1)
