"""What differs from channel to channel, the same for every event that one detector took."""

from __future__ import annotations

import torch
from torch import Tensor

from hitclr.rng import scrambled, shifted

__all__ = ["channel_uniform"]

_GOLDEN = 0x9E3779B97F4A7C15 - (1 << 64)


def channel_uniform(channel: Tensor, seed: Tensor) -> Tensor:
    """A number between 0 and 1 for each channel, always the same for the same seed.

    It is a hash of channel and seed (`hitclr.rng.scrambled`), so that no table of channels is
    needed and a channel is dead, or not, whatever else is in the batch.

    Args:
        channel: [K] int64, the channel's number.
        seed: [K] int64, the seed of the detector that the event was taken with, `Throws.channels`.

    Returns:
        [K] float32 in [0, 1).
    """
    mixed = scrambled((channel + seed) * _GOLDEN)
    mixed = scrambled((mixed + _GOLDEN) * _GOLDEN)
    return shifted(mixed, 40).to(torch.float32) / (1 << 24)
