"""Maximum mean discrepancy: two domains get the same distribution of features."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from hitclr.errors import SettingsError
from hitclr.losses.checks import check_domains, check_positive, lifted

__all__ = ["MMDLoss", "median_bandwidth", "mmd_loss"]

_NAME = "MMD"
_FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)


def mmd_loss(
    source: Tensor,
    target: Tensor,
    *,
    factors: Sequence[float] = _FACTORS,
    bandwidth: float | Tensor | None = None,
    unbiased: bool = False,
) -> Tensor:
    r"""The squared maximum mean discrepancy with the mean of several Gaussian kernels.

    .. math:: L = \overline{k(s, s')} + \overline{k(t, t')} - 2 \, \overline{k(s, t)}, \quad
              k(x, y) = \frac{1}{U} \sum_u \exp\Bigl(-\frac{|x - y|^2}{2 f_u \sigma^2}\Bigr)

    The discrepancy of deep adaptation networks (Long et al. 2015, arXiv:1502.02791, sec. 3),
    with equal weights in place of learnt ones for the kernels, and all pairs in place of some.
    The estimate is the biased one by default (Gretton et al. 2012, JMLR 13, 723, eq. 5, squared):
    pairs of an event with itself count, it is never negative, and 0 for identical samples. The
    unbiased one leaves these pairs out (eq. 3), is 0 in the mean for equal distributions, and may
    be negative. Memory goes with the square of the number of events.

    Under DDP give it gathered rows (`gather_rows`).

    Args:
        source: [n, D] floating point, features of events of the one domain.
        target: [m, D] floating point, those of the other.
        factors: f, what the squared bandwidth is multiplied by in each kernel.
        bandwidth: sigma; `median_bandwidth` where it is not given.
        unbiased: whether to leave pairs of an event with itself out.

    Returns:
        A scalar, in float32 or better even under autocast.

    Raises:
        SettingsError: a factor or the bandwidth is not above 0, or there is no factor.
        HitclrError: the shapes do not fit together, or there are too few events: one in each
            domain are needed, or two for the unbiased estimate.

    >>> sample = torch.tensor([[0.0], [1.0]])
    >>> abs(round(float(mmd_loss(sample, sample)), 6))
    0.0
    """
    _check_options(factors, bandwidth)
    check_domains(_NAME, source, target, rows=2 if unbiased else 1)
    with torch.autocast(source.device.type, enabled=False):
        squares = _squared_distances(torch.cat([lifted(source), lifted(target)]))
        variance = _median(squares) if bandwidth is None else bandwidth**2
        kernel = torch.zeros_like(squares)
        for factor in factors:
            kernel = kernel + (squares / (-2 * factor * variance)).exp() / len(factors)
        n, m = len(source), len(target)
        among_source, among_target = kernel[:n, :n].sum(), kernel[n:, n:].sum()
        between = kernel[:n, n:].mean()
        if unbiased:
            # An event's kernel with itself is 1.
            return (
                (among_source - n) / (n * (n - 1))
                + (among_target - m) / (m * (m - 1))
                - 2 * between
            )
        return among_source / n**2 + among_target / m**2 - 2 * between


def median_bandwidth(source: Tensor, target: Tensor) -> Tensor:
    """The median distance between any two events of both domains, a scalar without gradient.

    The median heuristic (Gretton et al. 2012, JMLR 13, 723, sec. 8). It is the lower one of two
    middle distances; in float32 or better; and the smallest normal number above 0, should most
    events coincide.

    Args:
        source: [n, D] floating point, features of events of the one domain.
        target: [m, D] floating point, those of the other.

    Raises:
        HitclrError: the shapes do not fit together, or there is no event in one of them.
    """
    check_domains(_NAME, source, target, rows=1)
    with torch.autocast(source.device.type, enabled=False):
        return _median(_squared_distances(torch.cat([lifted(source), lifted(target)]))).sqrt()


class MMDLoss(nn.Module):
    """`mmd_loss` with its options.

    Args:
        factors: what the squared bandwidth is multiplied by in each kernel.
        bandwidth: of the kernels; the median distance in the batch where it is not given.
        unbiased: whether to leave pairs of an event with itself out.

    Raises:
        SettingsError: an option is out of range.
    """

    def __init__(
        self,
        factors: Sequence[float] = _FACTORS,
        bandwidth: float | None = None,
        unbiased: bool = False,
    ) -> None:
        super().__init__()
        _check_options(factors, bandwidth)
        self.factors = tuple(factors)
        self.bandwidth = bandwidth
        self.unbiased = unbiased

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """The discrepancy of features [n, D] and [m, D], a scalar; see `mmd_loss`."""
        return mmd_loss(
            source,
            target,
            factors=self.factors,
            bandwidth=self.bandwidth,
            unbiased=self.unbiased,
        )

    def extra_repr(self) -> str:
        """The options, for printing the module."""
        return f"factors={self.factors}, bandwidth={self.bandwidth}, unbiased={self.unbiased}"


def _squared_distances(points: Tensor) -> Tensor:
    # Distances do not depend on the origin; near the points the products lose fewer digits.
    points = points - points.detach().mean(0)
    lengths = points.square().sum(1)
    squares = lengths[:, None] + lengths - 2 * (points @ points.T)
    # Rounding must leave no distance of a point to itself, and none below 0.
    itself = torch.eye(len(points), dtype=torch.bool, device=points.device)
    return squares.masked_fill(itself, 0.0).clamp(min=0)


def _median(squares: Tensor) -> Tensor:
    squares = squares.detach()
    different = ~torch.eye(len(squares), dtype=torch.bool, device=squares.device)
    return squares[different].median().clamp(min=torch.finfo(squares.dtype).tiny)


def _check_options(factors: Sequence[float], bandwidth: float | Tensor | None) -> None:
    if not factors:
        message = f"{_NAME}: expected one factor of the bandwidth or more, got none"
        raise SettingsError(message)
    for factor in factors:
        check_positive(_NAME, factor=factor)
    if bandwidth is not None:
        check_positive(_NAME, bandwidth=float(bandwidth))
