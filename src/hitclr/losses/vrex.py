"""V-REx: the risk is the same in all domains."""

from __future__ import annotations

import torch
from torch import Tensor

from hitclr.errors import HitclrError
from hitclr.losses.checks import check_whole_numbers, lifted

__all__ = ["domain_risks", "vrex_penalty"]

_NAME = "risks of domains"


def domain_risks(losses: Tensor, domains: Tensor) -> tuple[Tensor, Tensor]:
    """The mean loss of each domain that has events in the batch.

    Args:
        losses: [B] floating point, the loss of each event, B of 1 or more.
        domains: [B] int64, which domain each event is from; any whole numbers.

    Returns:
        The domains that are there [K] int64 in ascending order, and their mean losses [K] in
        float32 or better.

    Raises:
        HitclrError: the shapes do not fit together, or there is no event.

    >>> present, risks = domain_risks(torch.tensor([1.0, 2.0, 4.0]), torch.tensor([7, 3, 3]))
    >>> present.tolist(), risks.tolist()
    ([3, 7], [3.0, 1.0])
    """
    if losses.dim() != 1 or not len(losses):
        message = (
            f"{_NAME}: expected the loss of each event [B] with B of 1 or more, got shape "
            f"{tuple(losses.shape)}; ask the loss for reduction='none'"
        )
        raise HitclrError(message)
    check_whole_numbers(_NAME, "domains", domains, len(losses))
    present, index, events = torch.unique(domains, return_inverse=True, return_counts=True)
    losses = lifted(losses)
    total = losses.new_zeros(len(present)).index_add(0, index, losses)
    return present, total / events


def vrex_penalty(losses: Tensor, domains: Tensor) -> Tensor:
    r"""The variance over domains of their mean losses.

    The penalty ``Var({R_1, ..., R_K})`` of V-REx (Krueger et al. 2021, arXiv:2003.00688),
    over K. It is to be added, with a weight, to the mean or sum of the losses. Domains without
    events in the batch are left out. Under DDP give it gathered rows (`gather_rows`).

    Args:
        losses: [B] floating point, the loss of each event.
        domains: [B] int64, which domain each event is from.

    Returns:
        A scalar in float32 or better, 0 where there is one domain.

    Raises:
        HitclrError: the shapes do not fit together, or there is no event.

    >>> float(vrex_penalty(torch.tensor([1.0, 2.0, 4.0]), torch.tensor([7, 3, 3])))
    1.0
    """
    _, risks = domain_risks(losses, domains)
    return risks.var(correction=0)
