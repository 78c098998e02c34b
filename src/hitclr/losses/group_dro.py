"""Group DRO: the domains with the highest risk count most."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hitclr.errors import HitclrError, SettingsError
from hitclr.losses.checks import check_positive, lifted
from hitclr.losses.gather import gather_rows
from hitclr.losses.vrex import domain_risks

__all__ = ["GroupDROLoss", "group_dro_loss"]

_NAME = "group DRO"


def group_dro_loss(
    losses: Tensor, domains: Tensor, weights: Tensor, *, step: float = 0.01
) -> tuple[Tensor, Tensor]:
    r"""The weighted loss of domains, and weights that have moved towards the worst of them.

    .. math:: q'_g = \frac{q_g \exp(\eta R_g)}{\sum_h q_h \exp(\eta R_h)}, \quad
              L = \sum_g q'_g R_g

    (Sagawa et al. 2020, arXiv:1911.08731, algorithm 1, for a batch), with ``R_g`` the mean loss of
    domain g. A domain without events in the batch counts as one of no risk, as in the authors'
    released program: it adds nothing to the loss, and its weight changes by the norm alone.

    Args:
        losses: [B] floating point, the loss of each event.
        domains: [B] int64, which domain each event is from, 0 to K - 1.
        weights: [K] floating point, the weights q so far, which add up to 1.
        step: eta, above 0.

    Returns:
        The new weights [K], without gradient, and the loss, a scalar. Both in float32 or better.

    Raises:
        SettingsError: ``step`` is out of range.
        HitclrError: the shapes do not fit together, there is no event, or a domain is not among
            the K.

    >>> losses, domains = torch.tensor([1.0, 3.0]), torch.tensor([0, 1])
    >>> weights, loss = group_dro_loss(losses, domains, torch.tensor([0.5, 0.5]), step=1.0)
    >>> [round(float(number), 3) for number in (*weights, loss)]
    [0.119, 0.881, 2.762]
    """
    check_positive(_NAME, step=step)
    present, risks = domain_risks(losses, domains)
    if weights.dim() != 1 or not 0 <= int(present[0]) <= int(present[-1]) < len(weights):
        message = (
            f"{_NAME}: expected weights [K] and domains from 0 to K - 1, got weights of shape "
            f"{tuple(weights.shape)} and domains from {int(present[0])} to {int(present[-1])}"
        )
        raise HitclrError(message)
    # A softmax of logarithms, as the exponentials of high losses would overflow.
    logs = lifted(weights.detach()).to(risks.dtype).log()
    moved = logs.index_add(0, present, step * risks.detach()).softmax(0)
    return moved, (moved[present] * risks).sum()


class GroupDROLoss(nn.Module):
    """`group_dro_loss` with the weights it has come to, which are stored with the model.

    Args:
        domains: the number K of domains.
        step: how fast weights move, above 0.
        gather: whether the events of all processes make one batch, so that all come to the same
            weights; `gather_rows` says why gradients are right.

    Attributes:
        weights: [K] float32, equal at first.

    Raises:
        SettingsError: an option is out of range.
    """

    weights: Tensor

    def __init__(self, domains: int, step: float = 0.01, gather: bool = False) -> None:
        super().__init__()
        check_positive(_NAME, step=step)
        if domains < 1:
            message = f"{_NAME}: expected one domain or more, got {domains!r}"
            raise SettingsError(message)
        self.step = step
        self.gather = gather
        self.register_buffer("weights", torch.full((domains,), 1 / domains))

    def forward(self, losses: Tensor, domains: Tensor) -> Tensor:
        """The weighted loss, a scalar; see `group_dro_loss`. In training it moves the weights.

        Args:
            losses: [B] floating point, the loss of each event.
            domains: [B] int64, which domain each event is from.
        """
        if self.gather:
            losses, domains = gather_rows(losses), gather_rows(domains)
        moved, loss = group_dro_loss(losses, domains, self.weights, step=self.step)
        if self.training:
            self.weights.copy_(moved)
        return loss

    def extra_repr(self) -> str:
        """The options, for printing the module."""
        return f"domains={len(self.weights)}, step={self.step}, gather={self.gather}"
