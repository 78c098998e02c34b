"""Curves that fill space: numbers along which near cells stay near."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["hilbert_code", "morton_code"]


def morton_code(cell: Tensor, bits: int) -> Tensor:
    """The place along the Z-order curve: the bits of x, y and z in turns.

    Args:
        cell: [N, 3] int64, each from 0 to ``2**bits - 1``.
        bits: 1 to 21.

    Returns:
        [N] int64, from 0 to ``8**bits - 1``.

    >>> morton_code(torch.tensor([[1, 0, 0], [0, 1, 0], [0, 0, 3]]), bits=2).tolist()
    [4, 2, 9]
    """
    code = torch.zeros_like(cell[:, 0])
    for bit in range(bits):
        x, y, z = ((cell >> bit) & 1).unbind(1)
        code |= (4 * x + 2 * y + z) << (3 * bit)
    return code


def hilbert_code(cell: Tensor, bits: int) -> Tensor:
    """The place along the Hilbert curve, on which cells that follow each other share a face.

    The algorithm is that of Skilling, "Programming the Hilbert curve", AIP Conference Proceedings
    707, 381 (2004): undo the turns and mirrorings of all levels, then take the Gray code.

    Args:
        cell: [N, 3] int64, each from 0 to ``2**bits - 1``.
        bits: 1 to 21.

    Returns:
        [N] int64, from 0 to ``8**bits - 1``.

    >>> hilbert_code(torch.tensor([[0, 0, 0], [0, 0, 1], [1, 0, 0]]), bits=1).tolist()
    [0, 1, 7]
    """
    axes = list(cell.unbind(1))
    for bit in range(bits - 1, 0, -1):
        below = (1 << bit) - 1
        for axis in range(3):
            high = (axes[axis] >> bit & 1).bool()
            exchanged = torch.where(high, 0, (axes[0] ^ axes[axis]) & below)
            mirrored = torch.where(high, below, 0)
            axes[axis] = axes[axis] ^ exchanged
            axes[0] = axes[0] ^ (exchanged if axis else 0) ^ mirrored
    axes[1] = axes[1] ^ axes[0]
    axes[2] = axes[2] ^ axes[1]
    turn = torch.zeros_like(axes[2])
    for bit in range(bits - 1, 0, -1):
        turn ^= torch.where((axes[2] >> bit & 1).bool(), (1 << bit) - 1, 0)
    return morton_code(torch.stack([axis ^ turn for axis in axes], 1), bits)
