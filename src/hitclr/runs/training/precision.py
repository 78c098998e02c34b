"""The number format that a device does best."""

from __future__ import annotations

import torch

__all__ = ["cuda_capability", "resolve_precision"]

_AMPERE = (8, 0)  # the first with bfloat16 in hardware


def cuda_capability(accelerator: str) -> tuple[int, int] | None:
    """The lowest compute capability of the CUDA devices that a run could train on.

    Args:
        accelerator: Lightning's name of the device.

    Returns:
        Such as (8, 0); None where the run is on something else.
    """
    if accelerator not in ("auto", "cuda", "gpu") or not torch.cuda.is_available():
        return None
    return min(torch.cuda.get_device_capability(n) for n in range(torch.cuda.device_count()))


def resolve_precision(precision: str, capability: tuple[int, int] | None) -> str:
    """What ``auto`` means on a device; anything else stays what it is.

    Args:
        precision: Lightning's name of a number format, or ``auto``.
        capability: the compute capability of the CUDA device; None for another device.

    Returns:
        ``bf16-mixed`` where the hardware has bfloat16, ``16-mixed`` on older CUDA devices, and
        ``32-true`` elsewhere, where half precision is seldom faster.

    >>> resolve_precision("auto", (7, 0)), resolve_precision("auto", None)
    ('16-mixed', '32-true')
    """
    if precision != "auto":
        return precision
    if capability is None:
        return "32-true"
    return "bf16-mixed" if capability >= _AMPERE else "16-mixed"
