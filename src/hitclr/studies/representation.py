"""How well a representation fills its space: effective rank, alignment, uniformity."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from hitclr.errors import HitclrError

__all__ = ["alignment", "effective_rank", "uniformity"]


def effective_rank(embedding: Tensor) -> float:
    r"""RankMe (Garrido et al. 2022, arXiv:2210.02885, eq. 1): ``exp(-\sum_k p_k \log p_k)``.

    The ``p_k`` are the singular values of the embedding, as it is and not centred, divided by their
    sum. It lies between 1, where all events lie on one line through the origin, a single point
    among that, and ``min(B, D)``, where they fill all directions alike.

    Args:
        embedding: [B, D] floating point, one row for each event.

    Returns:
        The rank; 0 where all numbers are 0.

    Raises:
        HitclrError: it is not a matrix of finite numbers with one row or more.

    >>> round(effective_rank(torch.eye(3)), 4)
    3.0
    """
    values = torch.linalg.svdvals(_checked("effective rank", embedding))
    total = values.sum()
    if total == 0:
        return 0.0
    return float(torch.special.entr(values / total).sum().exp())


def alignment(first: Tensor, second: Tensor) -> float:
    """How far apart two views of an event are: the mean square distance on the unit sphere.

    Wang and Isola 2020, arXiv:2005.10242, section 4.1.1, with the exponent 2.

    Args:
        first: [B, D] floating point; any scale, rows are normalised here.
        second: [B, D], the other view of the same events in the same order.

    Returns:
        From 0, where both views are the same, to 4, where they are opposite.

    Raises:
        HitclrError: they are not two matrices of one shape of finite numbers.

    >>> alignment(torch.eye(2), torch.eye(2).flip(0))
    2.0
    """
    one, two = _checked("alignment", first), _checked("alignment", second)
    if one.shape != two.shape:
        message = (
            f"alignment: expected two views of the same events, got {list(first.shape)} and "
            f"{list(second.shape)}"
        )
        raise HitclrError(message)
    distance = F.normalize(one, dim=1) - F.normalize(two, dim=1)
    return float(distance.square().sum(1).mean())


def uniformity(embedding: Tensor) -> float:
    r"""How evenly events are spread on the unit sphere: ``\log E \exp(-2 |x - y|^2)``.

    The mean is over all pairs of different events (Wang and Isola 2020, arXiv:2005.10242,
    section 4.1.2, with t = 2).

    Args:
        embedding: [B, D] floating point, two rows or more; any scale, they are normalised here.

    Returns:
        0 where all are at one point, and lower the better they are spread; about -4 at best.

    Raises:
        HitclrError: it is not a matrix of finite numbers with two rows or more.

    >>> round(uniformity(torch.eye(2)), 4)
    -4.0
    """
    points = F.normalize(_checked("uniformity", embedding, rows=2), dim=1)
    distances = torch.pdist(points).square()
    return float((-2 * distances).logsumexp(0)) - math.log(distances.numel())


def _checked(name: str, embedding: Tensor, rows: int = 1) -> Tensor:
    """The embedding, in float64 and on the CPU: some devices have no float64."""
    if embedding.dim() != 2 or len(embedding) < rows or not embedding.is_floating_point():
        message = (
            f"{name}: expected an embedding [B, D] of floating point with B of {rows} or more, got "
            f"{list(embedding.shape)} of {embedding.dtype}"
        )
        raise HitclrError(message)
    embedding = embedding.detach().cpu().double()
    if not bool(embedding.isfinite().all()):
        message = f"{name}: the embedding has numbers that are not finite; the training diverged"
        raise HitclrError(message)
    return embedding
