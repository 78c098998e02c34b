"""Checks that several losses share."""

from __future__ import annotations

import torch
from torch import Tensor

from hitclr.errors import HitclrError, SettingsError

__all__ = [
    "check_domains",
    "check_pair",
    "check_positive",
    "check_scores",
    "check_whole_numbers",
    "lifted",
]


def lifted(values: Tensor) -> Tensor:
    """The same values in float32 or better."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def check_positive(loss: str, *, zero: bool = False, **options: float) -> None:
    """Refuse options that are not finite and above 0.

    Args:
        loss: the name of the loss, for messages.
        zero: whether 0 will do, too.
        options: the options by name.

    Raises:
        SettingsError: an option is out of range.
    """
    for name, value in options.items():
        if not (0 < value < float("inf") or (zero and value == 0)):
            least = "of 0 or more" if zero else "above 0"
            message = f"{loss}: expected a finite {name} {least}, got {value!r}"
            raise SettingsError(message)


def check_pair(loss: str, first: Tensor, second: Tensor, *, rows: int = 1) -> None:
    """Refuse anything but two tensors [B, D] of one shape.

    Args:
        loss: the name of the loss, for messages.
        first: the one.
        second: the other.
        rows: the least B.

    Raises:
        HitclrError: the shapes do not fit together, or there are too few rows.
    """
    if first.dim() != 2 or first.shape != second.shape or len(first) < rows:
        message = (
            f"{loss}: expected two tensors of one shape [B, D] with B of {rows} or more, the "
            f"embeddings of two views of the same events; got {tuple(first.shape)} and "
            f"{tuple(second.shape)}"
        )
        raise HitclrError(message)


def check_domains(loss: str, source: Tensor, target: Tensor, *, rows: int) -> None:
    """Refuse anything but features [n, D] and [m, D] of two domains.

    Args:
        loss: the name of the loss, for messages.
        source: the features of the one.
        target: those of the other.
        rows: the least n and m.

    Raises:
        HitclrError: the shapes do not fit together, or there are too few events.
    """
    shapes = tuple(source.shape), tuple(target.shape)
    if (
        {len(shape) for shape in shapes} != {2}
        or shapes[0][1] != shapes[1][1]
        or min(shapes[0][0], shapes[1][0]) < rows
    ):
        message = (
            f"{loss}: expected features [n, D] and [m, D] of two domains with {rows} events or "
            f"more in each, got {shapes[0]} and {shapes[1]}"
        )
        raise HitclrError(message)


def check_scores(loss: str, scores: Tensor) -> None:
    """Refuse anything but class scores [B, C] with at least one event and two classes.

    Raises:
        HitclrError: the shape is another.
    """
    if scores.dim() != 2 or len(scores) < 1 or scores.size(1) < 2:
        message = (
            f"{loss}: expected class scores [B, C] with B of 1 or more and C of 2 or more, got "
            f"shape {tuple(scores.shape)}"
        )
        raise HitclrError(message)


def check_whole_numbers(loss: str, what: str, numbers: Tensor, events: int) -> None:
    """Refuse anything but one whole number for each event.

    Args:
        loss: the name of the loss, for messages.
        what: what the numbers are, for messages ("labels").
        numbers: what came.
        events: the number B of events.

    Raises:
        HitclrError: shape or dtype are others.
    """
    if numbers.shape != (events,) or numbers.is_floating_point() or numbers.is_complex():
        message = (
            f"{loss}: expected one whole number for each event as {what}, shape ({events},); got "
            f"shape {tuple(numbers.shape)} of {numbers.dtype}"
        )
        raise HitclrError(message)
