"""Where the light of an event came from, about: by its hits alone."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import Batch
from torch_geometric.utils import scatter

from hitclr_km3net.modules import TRIG

__all__ = ["source_distance"]


def source_distance(batch: Batch) -> Tensor:
    """The distance of each hit from the source of its event's light [N] float64, as ``pos`` is.

    The source is taken for a straight segment through the mean of the hits, along their largest
    spread. Points spread evenly over a segment of half length h have the variance h^2 / 3; so h is
    the root of three times what the largest variance of the hits exceeds the second by. For a long
    track it is about the track within the hits, for a shower about a point. Where a trigger used
    hits, these alone tell the source: the others are mostly noise.
    """
    owner, events = batch.batch, batch.num_graphs
    pos = batch.pos.double()
    weight = torch.ones_like(pos[:, 0])
    if TRIG in batch:
        used = (batch[TRIG] != 0).double()
        some = scatter(used, owner, dim_size=events, reduce="max")
        weight = torch.where(some[owner] > 0, used, weight)
    total = scatter(weight, owner, dim_size=events).clamp(min=1.0)
    mean = scatter(weight[:, None] * pos, owner, dim_size=events) / total[:, None]
    offset = pos - mean[owner]
    products = offset[:, :, None] * offset[:, None, :]
    summed = scatter((weight[:, None, None] * products).flatten(1), owner, dim_size=events)
    variances, axes = torch.linalg.eigh((summed / total[:, None]).reshape(-1, 3, 3))
    axis = axes[:, :, 2]
    half = (3.0 * (variances[:, 2] - variances[:, 1])).clamp(min=0.0).sqrt()
    along = (offset * axis[owner]).sum(1)
    nearest = torch.minimum(torch.maximum(along, -half[owner]), half[owner])
    distance: Tensor = (offset - nearest[:, None] * axis[owner]).norm(dim=1)
    return distance
