"""Generators and seeds from (seed, epoch, purpose): no randomness without one of these.

A seed is a hash of all its keys, so that two purposes never share a stream and a stream does not
depend on how many numbers another one has drawn. That makes runs the same for any number of
workers and lets a resumed run go on exactly where the first one stopped.
"""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor

__all__ = ["generator", "scrambled", "seed_for", "shifted", "uniform_hash"]


def seed_for(seed: int, *keys: int | str) -> int:
    """A 63-bit seed that depends on ``seed`` and on every key, in order.

    >>> seed_for(1, "views", 3) == seed_for(1, "views", 3)
    True
    >>> seed_for(1, "views", 3) == seed_for(1, "views", 4)
    False
    """
    text = "\x1f".join([str(seed), *(f"{type(key).__name__}:{key}" for key in keys)])
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def generator(seed: int, *keys: int | str, device: str | torch.device = "cpu") -> torch.Generator:
    """A fresh `torch.Generator` for ``(seed, *keys)``.

    >>> a, b = generator(1, "shuffle", 0), generator(1, "shuffle", 0)
    >>> bool((torch.rand(3, generator=a) == torch.rand(3, generator=b)).all())
    True
    """
    made = torch.Generator(device=device)
    made.manual_seed(seed_for(seed, *keys))
    return made


_FIRST, _SECOND = 0xBF58476D1CE4E5B9 - (1 << 64), 0x94D049BB133111EB - (1 << 64)


def shifted(value: Tensor, bits: int) -> Tensor:
    """A logical shift of int64 to the right: torch's own keeps the sign."""
    return (value >> bits) & ((1 << (64 - bits)) - 1)


def scrambled(value: Tensor) -> Tensor:
    """A hash [...] int64 of each number [...] int64, all bits of which depend on all of its.

    The finaliser of splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
    generators", OOPSLA 2014, fig. 16).

    >>> scrambled(torch.tensor([1])).tolist()  # 0x5692161d100b05e5
    [6238072747940578789]
    """
    value = (value ^ shifted(value, 30)) * _FIRST
    value = (value ^ shifted(value, 27)) * _SECOND
    return value ^ shifted(value, 31)


_GOLDEN = 0x9E3779B97F4A7C15 - (1 << 64)


def uniform_hash(seed: int, *columns: Tensor) -> Tensor:
    """A number [M] float64 in [0, 1) that follows from the seed and the row of the columns.

    A hash of one column [M] int64 after the other.
    """
    mixed = torch.full_like(columns[0], seed)
    for column in columns:
        mixed = scrambled((mixed ^ column) + _GOLDEN)
    return shifted(mixed, 11).double() / 2**53
