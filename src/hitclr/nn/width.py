"""How wide an encoder's representation is."""

from __future__ import annotations

from torch import nn

from hitclr.errors import HitclrError

__all__ = ["encoder_width"]


def encoder_width(encoder: nn.Module) -> int:
    """The number of features D of an encoder's representation [B, D].

    Args:
        encoder: a module with ``out_channels``, as PyG's models have, or ``nb_outputs``, as
            GraphNeT's have.

    Raises:
        HitclrError: it has neither, or not a whole number above 0.

    >>> encoder_width(nn.Conv1d(3, 8, 1))
    8
    """
    for name in ("out_channels", "nb_outputs"):
        width = getattr(encoder, name, None)
        if width is None:
            continue
        if isinstance(width, int) and width > 0:
            return width
        message = (
            f"{type(encoder).__name__}.{name} should be the width of its representation, a whole "
            f"number above 0; got {width!r}"
        )
        raise HitclrError(message)
    message = (
        f"the encoder {type(encoder).__name__} does not say how wide its representation is: give "
        f"it an attribute out_channels (or GraphNeT's nb_outputs), the D of its output [B, D]"
    )
    raise HitclrError(message)
