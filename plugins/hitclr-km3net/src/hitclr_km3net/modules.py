"""Optical modules and their photomultipliers in a batch of hits."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["CHANNEL_ID", "DOM_ID", "STRING", "TRIG", "group_hits"]

DOM_ID = "hit_dom_id"
"""[N] int64, the optical module of each hit."""

CHANNEL_ID = "hit_channel_id"
"""[N] int64, the photomultiplier of each hit within its module, 0 to 30."""

STRING = "hit_string"
"""[N] int64, the string of each hit; in events that were read with a detector description."""

TRIG = "hit_trig"
"""[N] int64, not zero where a trigger used the hit."""


def group_hits(parent: Tensor, ids: Tensor) -> tuple[Tensor, Tensor]:
    """Number the distinct pairs (parent, id), such as the modules that each event hit.

    Args:
        parent: [N] int64, not negative: the event of each hit, or its group from another call.
        ids: [N] int64, any numbers.

    Returns:
        The group of each hit [N] int64, numbered by parent and then by id, and the parent of each
        group [G] int64, which therefore ascends.

    >>> group, parent = group_hits(torch.tensor([0, 0, 0, 1]), torch.tensor([70, 50, 70, 70]))
    >>> group.tolist(), parent.tolist()
    ([1, 0, 1, 2], [0, 0, 1])
    """
    values, rank = torch.unique(ids, return_inverse=True)
    number = max(values.numel(), 1)
    keys, group = torch.unique(parent * number + rank, return_inverse=True)
    return group, keys // number
