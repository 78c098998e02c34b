"""What methods share that compare the target domain with the source."""

from __future__ import annotations

from torch import Tensor

from hitclr.errors import SettingsError
from hitclr.losses import gather_rows, row_counts

__all__ = ["by_domain", "check_weight", "has_both"]


def check_weight(weight: float) -> None:
    """Refuse a weight of an adaptation term that is not finite and 0 or more.

    Raises:
        SettingsError: it is not.
    """
    if not 0 <= weight < float("inf"):
        message = f"expected a finite weight of the adaptation of 0 or more, got {weight!r}"
        raise SettingsError(message)


def has_both(target: Tensor) -> bool:
    """Whether there are events of both, where ``target`` [B] bool says which are of the target."""
    return bool(target.any()) and not bool(target.all())


def by_domain(rows: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """The rows of the source, and those of the target, of all processes.

    Every process has all of them, so that a loss made from them is that of the whole batch;
    `gather_rows` says why gradients are right.

    Args:
        rows: [B, ...], one for each event of this process.
        target: [B] bool, which are of the target.

    Returns:
        [n, ...] and [m, ...].
    """
    counts = row_counts(rows)
    of_target = gather_rows(target.long(), counts) > 0  # not all backends can gather bool
    rows = gather_rows(rows, counts)
    return rows[~of_target], rows[of_target]
