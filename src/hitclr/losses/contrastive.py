"""The contrastive loss, from same-event positives to same-class positives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import torch
from torch import Tensor, nn

from hitclr import fields
from hitclr.errors import HitclrError, SettingsError
from hitclr.losses.checks import check_pair, check_positive, check_whole_numbers, lifted
from hitclr.losses.gather import first_row, gather_rows, row_counts
from hitclr.losses.log_norms import log_norms
from hitclr.losses.schedule import AlphaSchedule, alpha_at

__all__ = ["ContrastiveLoss", "contrastive_loss", "many_view_contrastive_loss"]

_NAME = "contrastive loss"


def contrastive_loss(
    first: Tensor,
    second: Tensor,
    labels: Tensor | None = None,
    *,
    alpha: float = 0.0,
    temperature: float = 0.1,
    block: int | None = None,
    gather: bool = False,
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
        block: the number of anchors whose similarities are in memory at a time; chosen to suit the
            device where it is not given. It does not change the result.
        gather: whether the events of all processes make one batch. Then each process has its own
            anchors, all views to compare them with, and a loss scaled so that the mean over
            processes is the loss of the whole batch; `gather_rows` says why gradients are right.

    Returns:
        The mean over the anchors, a scalar, in float32 or better even under autocast. Its gradient
        can be taken once.

    Raises:
        SettingsError: ``alpha``, ``temperature`` or ``block`` is out of range.
        HitclrError: the shapes do not fit together, there is no event, or labels are missing.

    >>> same = torch.ones(4, 3)
    >>> round(float(contrastive_loss(same, same).exp()), 4)
    7.0
    """
    check_pair(_NAME, first, second)
    return many_view_contrastive_loss(
        (first, second), labels, alpha=alpha, temperature=temperature, block=block, gather=gather
    )


def many_view_contrastive_loss(
    views: Sequence[Tensor],
    labels: Tensor | None = None,
    *,
    alpha: float = 0.0,
    temperature: float = 0.1,
    block: int | None = None,
    gather: bool = False,
) -> Tensor:
    r"""`contrastive_loss` for any number V of views, each of them [B, D].

    In place of the twin stands the mean over the ``V - 1`` other views of the same event,

    .. math:: L = -\frac{1}{VB} \sum_i \Bigl[ \frac{1 - \alpha}{V - 1} \sum_{t \in T(i)} l(i, t)
              + \frac{\alpha}{|P(i)|} \sum_{p \in P(i)} l(i, p) \Bigr]

    which is the mean over positives outside the logarithm in both terms (arXiv:2004.11362, eq. 2,
    with the events as classes in the first). Arguments, result and errors are those of
    `contrastive_loss`.
    """
    _check_options(alpha, temperature, block)
    _check_tensors(views, labels, alpha)
    with torch.autocast(views[0].device.type, enabled=False):
        own = nn.functional.normalize(lifted(torch.stack(tuple(views), 1)), dim=2)
        counts = row_counts(own) if gather else [len(own)]
        start = first_row(counts) if gather else 0
        every = gather_rows(own, counts) if gather else own
        mine = slice(start, start + len(own))

        # The mean similarity to the positives is the similarity to their mean, which the sums
        # over an event and over a class give without a mask [VB, VB].
        event_sum = every.sum(1)
        positive = (1 - alpha) * _mean_of_others(own, event_sum[mine], len(views))
        if alpha > 0 and labels is not None:
            labels = gather_rows(labels, counts) if gather else labels
            kind, events = _classes(labels)
            class_sum = torch.zeros_like(event_sum).index_add(0, kind, event_sum)
            members = (len(views) * events[kind[mine]])[:, None, None]
            same_class = _mean_of_others(own, class_sum[kind[mine]], members)
            positive = positive + alpha * same_class
        anchors = own / temperature
        norms = log_norms(anchors.flatten(0, 1), every.flatten(0, 1), start * len(views), block)
        to_positive = (anchors * positive).sum(2).flatten()
        return (norms - to_positive).sum() * (len(counts) / (sum(counts) * len(views)))


class ContrastiveLoss(nn.Module):
    """`contrastive_loss` with its options.

    Args:
        alpha: the weight of same-class against same-event positives, 0 to 1, or how it moves over
            the training.
        temperature: what cosine similarities are divided by, above 0.
        block: the number of anchors at a time; chosen to suit the device where it is not given.
        gather: whether the events of all processes make one batch.

    Raises:
        SettingsError: an option is out of range.
    """

    def __init__(
        self,
        alpha: float | AlphaSchedule = 0.0,
        temperature: float = 0.1,
        block: int | None = None,
        gather: bool = False,
    ) -> None:
        super().__init__()
        _check_options(alpha_at(alpha, 0.0), temperature, block)
        self.alpha = alpha
        self.temperature = temperature
        self.block = block
        self.gather = gather

    def forward(
        self,
        first: Tensor,
        second: Tensor,
        labels: Tensor | None = None,
        progress: float | None = None,
    ) -> Tensor:
        """The loss of two views [B, D] of each event, a scalar; see `contrastive_loss`.

        ``progress`` is the fraction of the training that is over, needed where alpha moves.
        """
        if labels is None and isinstance(self.alpha, AlphaSchedule):
            # At once, not when alpha has moved away from 0.
            _refuse_missing_labels(self.alpha)
        return contrastive_loss(
            first,
            second,
            labels,
            alpha=alpha_at(self.alpha, progress),
            temperature=self.temperature,
            block=self.block,
            gather=self.gather,
        )

    def extra_repr(self) -> str:
        """The options, for printing the module."""
        return (
            f"alpha={self.alpha}, temperature={self.temperature}, block={self.block}, "
            f"gather={self.gather}"
        )


def _mean_of_others(own: Tensor, total: Tensor, number: Tensor | int) -> Tensor:
    """For each of [B, V, D], the mean of the others of its group, from the group's sum [B, D]."""
    return (total[:, None] - own) / (number - 1)


def _classes(labels: Tensor) -> tuple[Tensor, Tensor]:
    """A class index [B], and the events of each class; an event of unknown class has its own."""
    labels = labels.long()
    alone = torch.arange(len(labels), device=labels.device)
    shifted = labels - labels.min() + len(labels)
    keys = torch.where(labels == fields.UNKNOWN_LABEL, alone, shifted)
    _, kind, events = torch.unique(keys, return_inverse=True, return_counts=True)
    return kind, events


def _check_options(alpha: float, temperature: float, block: int | None) -> None:
    if not 0 <= alpha <= 1:
        message = f"{_NAME}: expected alpha between 0 and 1, got {alpha!r}"
        raise SettingsError(message)
    check_positive(_NAME, temperature=temperature)
    if block is not None and block < 1:
        message = f"{_NAME}: expected a block of 1 anchor or more, got {block!r}"
        raise SettingsError(message)


def _check_tensors(views: Sequence[Tensor], labels: Tensor | None, alpha: float) -> None:
    if len(views) < 2:
        message = f"{_NAME}: expected two views of each event or more, got {len(views)}"
        raise HitclrError(message)
    for other in views[1:]:
        check_pair(_NAME, views[0], other)
    if alpha == 0:
        return
    if labels is None:
        _refuse_missing_labels(alpha)
    else:
        check_whole_numbers(_NAME, "labels", labels, len(views[0]))


def _refuse_missing_labels(alpha: float | AlphaSchedule) -> NoReturn:
    message = (
        f"{_NAME}: alpha is {alpha}, so the labels of the events are needed and none came. Give "
        f"labels [B], with {fields.UNKNOWN_LABEL} where unknown, or set alpha to 0."
    )
    raise HitclrError(message)
