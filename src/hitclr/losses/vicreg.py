"""VICReg: views agree, features vary, and no two features say the same."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hitclr.losses.checks import check_pair, check_positive, lifted
from hitclr.losses.gather import gather_rows

__all__ = ["VICRegLoss", "vicreg_loss"]

_NAME = "VICReg"


def vicreg_loss(
    first: Tensor,
    second: Tensor,
    *,
    invariance: float = 25.0,
    variance: float = 25.0,
    covariance: float = 1.0,
    gather: bool = False,
) -> Tensor:
    r"""Invariance, variance and covariance of two views (Bardes et al. 2022, arXiv:2105.04906).

    With the views ``z`` and ``z'`` of B events, D features and covariance matrices ``C`` (eq. 3):

    .. math:: L = \lambda \, s(z, z') + \mu \, [v(z) + v(z')] + \nu \, [c(z) + c(z')]

    (eq. 6), where ``s`` is the squared difference of the views, meant over events *and* features
    (as in the paper's algorithm 1, to which its coefficients belong; its eq. 5 sums over
    features), ``v`` the mean over features of ``max(0, 1 - sqrt(var + 1e-4))`` (eqs. 1, 2), and
    ``c`` the sum of the squared off-diagonal elements of ``C``, over D (eq. 4). Variances and
    covariances are over ``B - 1``. The authors' released program halves the term in ``v``; for
    its numbers give half the ``variance``.

    Args:
        first: [B, D] floating point, the embeddings of one view of each event, as they are.
        second: [B, D] floating point, those of the other view, in the same order.
        invariance: the coefficient lambda, 0 or more.
        variance: the coefficient mu, 0 or more.
        covariance: the coefficient nu, 0 or more.
        gather: whether the events of all processes make one batch. Then every process has the
            loss of the whole; `gather_rows` says why gradients are right.

    Returns:
        A scalar, in float32 or better even under autocast.

    Raises:
        SettingsError: a coefficient is out of range.
        HitclrError: the shapes do not fit together, or there are fewer than two events.

    >>> same = torch.zeros(4, 3)
    >>> round(float(vicreg_loss(same, same)), 2)  # 2 x 25 (1 - 0.01)
    49.5
    """
    _check_coefficients(invariance, variance, covariance)
    check_pair(_NAME, first, second, rows=1 if gather else 2)
    with torch.autocast(first.device.type, enabled=False):
        both = lifted(torch.stack([first, second], 1))
        if gather:
            both = gather_rows(both)
            check_pair(_NAME, both[:, 0], both[:, 1], rows=2)
        events, _, features = both.shape
        difference = (both[:, 0] - both[:, 1]).square().mean()
        centred = (both - both.mean(0)).transpose(0, 1)
        matrices = centred.mT @ centred / (events - 1)
        variances = matrices.diagonal(dim1=1, dim2=2)
        spread = (1 - (variances + 1e-4).sqrt()).relu().mean(1).sum()
        redundancy = (matrices - variances.diag_embed()).square().sum() / features
        return invariance * difference + variance * spread + covariance * redundancy


class VICRegLoss(nn.Module):
    """`vicreg_loss` with its options.

    Args:
        invariance: the coefficient of the squared difference of the views.
        variance: the coefficient of the hinge on the spread of each feature.
        covariance: the coefficient of the squared covariances of features.
        gather: whether the events of all processes make one batch.

    Raises:
        SettingsError: a coefficient is out of range.
    """

    def __init__(
        self,
        invariance: float = 25.0,
        variance: float = 25.0,
        covariance: float = 1.0,
        gather: bool = False,
    ) -> None:
        super().__init__()
        _check_coefficients(invariance, variance, covariance)
        self.invariance = invariance
        self.variance = variance
        self.covariance = covariance
        self.gather = gather

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """The loss of two views [B, D] of each event, a scalar; see `vicreg_loss`."""
        return vicreg_loss(
            first,
            second,
            invariance=self.invariance,
            variance=self.variance,
            covariance=self.covariance,
            gather=self.gather,
        )

    def extra_repr(self) -> str:
        """The options, for printing the module."""
        return (
            f"invariance={self.invariance}, variance={self.variance}, "
            f"covariance={self.covariance}, gather={self.gather}"
        )


def _check_coefficients(invariance: float, variance: float, covariance: float) -> None:
    check_positive(
        _NAME, zero=True, invariance=invariance, variance=variance, covariance=covariance
    )
