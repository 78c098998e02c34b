"""What differs from channel to channel, the same for every event that one detector took."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["channel_uniform"]

_FIRST, _SECOND, _THIRD = -7046029254386353131, -4658895280553007687, -7723592293110705685


def _shift(value: Tensor, bits: int) -> Tensor:
    """A logical shift to the right: torch's own keeps the sign."""
    return (value >> bits) & ((1 << (64 - bits)) - 1)


def channel_uniform(channel: Tensor, seed: Tensor) -> Tensor:
    """A number between 0 and 1 for each channel, always the same for the same seed.

    The finaliser of splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
    generators", OOPSLA 2014, fig. 16) on channel and seed: a hash, so that no table of channels is
    needed and a channel is dead, or not, whatever else is in the batch.

    Args:
        channel: [K] int64, the channel's number.
        seed: [K] int64, the seed of the detector that the event was taken with, `Throws.channels`.

    Returns:
        [K] float32 in [0, 1).
    """
    mixed = channel
    for salt in (seed, torch.full_like(channel, _FIRST)):
        mixed = (mixed + salt) * _FIRST
        mixed = (mixed ^ _shift(mixed, 30)) * _SECOND
        mixed = (mixed ^ _shift(mixed, 27)) * _THIRD
        mixed = mixed ^ _shift(mixed, 31)
    return _shift(mixed, 40).to(torch.float32) / (1 << 24)
