"""Barlow Twins: features of two views are correlated one to one, and not otherwise."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hitclr.losses.checks import check_pair, check_positive, lifted
from hitclr.losses.gather import gather_rows

__all__ = ["BarlowTwinsLoss", "barlow_twins_loss"]

_NAME = "Barlow Twins"


def barlow_twins_loss(
    first: Tensor,
    second: Tensor,
    *,
    redundancy: float = 0.005,
    eps: float = 1e-5,
    gather: bool = False,
) -> Tensor:
    r"""The distance of the views' cross-correlation from the unit matrix.

    .. math:: L = \sum_i (1 - C_{ii})^2 + \lambda \sum_i \sum_{j \ne i} C_{ij}^2

    (Zbontar et al. 2021, arXiv:2103.03230, eq. 1), with ``C`` the correlation over events of
    feature i of the one view and feature j of the other (eq. 2).

    Args:
        first: [B, D] floating point, the embeddings of one view of each event, as they are.
        second: [B, D] floating point, those of the other view, in the same order.
        redundancy: the coefficient lambda, 0 or more.
        eps: is added to variances (over B), as batch normalisation does, so that a feature that is
            the same in all events is no division by zero. With 0 it is eq. 2 to the letter.
        gather: whether the events of all processes make one batch. Then every process has the
            loss of the whole; `gather_rows` says why gradients are right.

    Returns:
        A scalar, in float32 or better even under autocast.

    Raises:
        SettingsError: an option is out of range.
        HitclrError: the shapes do not fit together, or there are fewer than two events.

    >>> view = torch.tensor([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])
    >>> round(float(barlow_twins_loss(view, -view)), 3)
    8.0
    """
    check_positive(_NAME, zero=True, redundancy=redundancy, eps=eps)
    check_pair(_NAME, first, second, rows=1 if gather else 2)
    with torch.autocast(first.device.type, enabled=False):
        both = lifted(torch.stack([first, second], 1))
        if gather:
            both = gather_rows(both)
            check_pair(_NAME, both[:, 0], both[:, 1], rows=2)
        centred = both - both.mean(0)
        scaled = centred / (centred.square().mean(0) + eps).sqrt()
        correlation = scaled[:, 0].T @ scaled[:, 1] / len(both)
        equal = correlation.diagonal()
        other = correlation - equal.diag()
        return (1 - equal).square().sum() + redundancy * other.square().sum()


class BarlowTwinsLoss(nn.Module):
    """`barlow_twins_loss` with its options.

    Args:
        redundancy: the coefficient of the squared correlations of different features.
        eps: is added to variances.
        gather: whether the events of all processes make one batch.

    Raises:
        SettingsError: an option is out of range.
    """

    def __init__(self, redundancy: float = 0.005, eps: float = 1e-5, gather: bool = False) -> None:
        super().__init__()
        check_positive(_NAME, zero=True, redundancy=redundancy, eps=eps)
        self.redundancy = redundancy
        self.eps = eps
        self.gather = gather

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """The loss of two views [B, D] of each event, a scalar; see `barlow_twins_loss`."""
        return barlow_twins_loss(
            first, second, redundancy=self.redundancy, eps=self.eps, gather=self.gather
        )

    def extra_repr(self) -> str:
        """The options, for printing the module."""
        return f"redundancy={self.redundancy}, eps={self.eps}, gather={self.gather}"
