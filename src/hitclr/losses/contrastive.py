"""The contrastive loss, from same-event positives to same-class positives."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hitclr import fields
from hitclr.errors import HitclrError, SettingsError

__all__ = ["ContrastiveLoss", "contrastive_loss"]


def contrastive_loss(
    first: Tensor,
    second: Tensor,
    labels: Tensor | None = None,
    *,
    alpha: float = 0.0,
    temperature: float = 0.1,
) -> Tensor:
    r"""The loss of two views of each event, with positives between event and class.

    With the ``2B`` views as anchors ``i``, ``t(i)`` the other view of the same event, ``P(i)`` all
    other views of the same class (the twin ``t(i)`` is one of them) and
    ``l(i, j) = log softmax_j(z_i . z_j / temperature)`` over all ``j`` other than ``i``:

    .. math:: L = -\frac{1}{2B} \sum_i \Bigl[ (1 - \alpha) \, l(i, t(i))
              + \frac{\alpha}{|P(i)|} \sum_{p \in P(i)} l(i, p) \Bigr]

    It is NT-Xent at ``alpha`` 0 (Chen et al. 2020, arXiv:2002.05709, eq. 1), SupCon at ``alpha`` 1
    (Khosla et al. 2020, arXiv:2004.11362, eq. 2, ``L_out``), and linear in ``alpha`` in between.
    The weights of an anchor's positives add up to 1, so that the loss of a collapsed embedding is
    ``log(2B - 1)`` at every ``alpha``.

    Args:
        first: [B, D] floating point, the embeddings of one view of each event; any scale, they
            are normalised here.
        second: [B, D] floating point, those of the other view, in the same order.
        labels: [B] int64, the classes; -1 where unknown: then only the twin is a positive. Needed
            where ``alpha`` is above 0.
        alpha: the weight of same-class against same-event positives, 0 to 1.
        temperature: what cosine similarities are divided by, above 0.

    Returns:
        The mean over the anchors, a scalar, in float32 or better even under autocast.

    Raises:
        SettingsError: ``alpha`` or ``temperature`` is out of range.
        HitclrError: the shapes do not fit together, there is no event, or labels are missing.

    >>> same = torch.ones(4, 3)
    >>> round(float(contrastive_loss(same, same).exp()), 4)
    7.0
    """
    _check_options(alpha, temperature)
    _check_tensors(first, second, labels, alpha)
    with torch.autocast(first.device.type, enabled=False):
        views = torch.cat([first, second])
        views = views.to(torch.promote_types(views.dtype, torch.float32))
        views = nn.functional.normalize(views, dim=1)
        similarity = views @ views.T / temperature
        itself = torch.eye(len(views), dtype=torch.bool, device=views.device)
        twin = itself.roll(len(first), 0)
        weight = twin.to(views.dtype)
        if alpha > 0 and labels is not None:
            kind = torch.cat([labels, labels])
            alike = (kind == kind[:, None]) & (kind != fields.UNKNOWN_LABEL)
            alike = ((alike | twin) & ~itself).to(views.dtype)
            weight = (1 - alpha) * weight + alpha * alike / alike.sum(1, keepdim=True)
        norm = similarity.masked_fill(itself, -torch.inf).logsumexp(1)
        return (norm - (weight * similarity).sum(1)).mean()


class ContrastiveLoss(nn.Module):
    """`contrastive_loss` with its options.

    Args:
        alpha: the weight of same-class against same-event positives, 0 to 1.
        temperature: what cosine similarities are divided by, above 0.

    Raises:
        SettingsError: an option is out of range.
    """

    def __init__(self, alpha: float = 0.0, temperature: float = 0.1) -> None:
        super().__init__()
        _check_options(alpha, temperature)
        self.alpha = alpha
        self.temperature = temperature

    def forward(self, first: Tensor, second: Tensor, labels: Tensor | None = None) -> Tensor:
        """The loss of two views [B, D] of each event, a scalar; see `contrastive_loss`."""
        return contrastive_loss(
            first, second, labels, alpha=self.alpha, temperature=self.temperature
        )

    def extra_repr(self) -> str:
        """The options, for printing the module."""
        return f"alpha={self.alpha}, temperature={self.temperature}"


def _check_options(alpha: float, temperature: float) -> None:
    if not 0 <= alpha <= 1:
        message = f"contrastive loss: expected alpha between 0 and 1, got {alpha!r}"
        raise SettingsError(message)
    if not 0 < temperature < float("inf"):
        message = (
            f"contrastive loss: expected a finite temperature above 0, got {temperature!r}; "
            f"0.1 is common"
        )
        raise SettingsError(message)


def _check_tensors(first: Tensor, second: Tensor, labels: Tensor | None, alpha: float) -> None:
    if first.dim() != 2 or first.shape != second.shape or not len(first):
        message = (
            f"contrastive loss: expected two tensors of one shape [B, D] with B of 1 or more, the "
            f"embeddings of two views of the same events; got {tuple(first.shape)} and "
            f"{tuple(second.shape)}"
        )
        raise HitclrError(message)
    if alpha == 0:
        return
    if labels is None:
        message = (
            f"contrastive loss: alpha is {alpha}, so the labels of the events are needed and none "
            f"came. Give labels [B], with {fields.UNKNOWN_LABEL} where unknown, or set alpha to 0."
        )
        raise HitclrError(message)
    if labels.shape != first.shape[:1] or labels.is_floating_point():
        message = (
            f"contrastive loss: expected one whole number for each event as labels, shape "
            f"({len(first)},); got shape {tuple(labels.shape)} of {labels.dtype}"
        )
        raise HitclrError(message)
