"""A set encoder: every hit on its own, then the event's mean and maximum."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from hitclr.nn.options import Size, check_counts, check_features, choose_size
from hitclr.nn.pooling import event_mean, log_count, pool_events

__all__ = ["PointNet"]

_OWNER = "PointNet"


class _Numbers(NamedTuple):
    channels: int
    depth: int
    out_channels: int


_SIZES: dict[str, _Numbers] = {
    "tiny": _Numbers(32, 2, 64),
    "small": _Numbers(64, 3, 128),
    "base": _Numbers(128, 4, 256),
}


class PointNet(nn.Module):
    """One MLP for all hits, pooled over each event (Qi et al. 2017, arXiv:1612.00593, sec. 4.2).

    It sees no neighbours, so it is the floor that an encoder with neighbours has to beat. Of the
    paper's network it has the shared MLP and the maximum, with the mean beside it as in Deep Sets
    (Zaheer et al. 2017, arXiv:1703.06114, eq. 2), and layer norm in the place of batch norm; it has
    no transformer networks that align the input. A hit enters with its features and its position,
    in the detector and relative to the event's mean.

    The representation of an event depends on neither the order of its hits nor the other events
    of the batch. It expects inputs of about unit size, as `InputNorm` makes them.

    Args:
        in_channels: the number F of hit features.
        size: ``tiny`` (32 channels, 2 layers, 64 numbers out), ``small`` (64, 3, 128) or ``base``
            (128, 4, 256); the next three override it.
        channels: the number of channels.
        depth: the number of layers of the MLP.
        out_channels: the width D of the representation.

    Attributes:
        out_channels: the width D of the representation.
        edges: None; it wants no edges.

    Raises:
        SettingsError: an option is out of range.
    """

    edges = None

    def __init__(
        self,
        in_channels: int,
        *,
        size: Size = "small",
        channels: int | None = None,
        depth: int | None = None,
        out_channels: int | None = None,
    ) -> None:
        super().__init__()
        numbers = choose_size(_OWNER, _SIZES, size)
        channels = numbers.channels if channels is None else channels
        depth = numbers.depth if depth is None else depth
        out_channels = numbers.out_channels if out_channels is None else out_channels
        check_counts(_OWNER, channels=channels, depth=depth, out_channels=out_channels)
        self.in_channels = in_channels
        self.out_channels = out_channels
        widths = [in_channels + 6] + depth * [channels]
        self.layers = nn.Sequential(
            *(
                nn.Sequential(nn.Linear(before, after), nn.LayerNorm(after), nn.GELU())
                for before, after in pairwise(widths)
            ),
            nn.Linear(channels, 2 * channels),
        )
        self.head = nn.Sequential(
            nn.LayerNorm(4 * channels + 1),
            nn.Linear(4 * channels + 1, 2 * channels),
            nn.GELU(),
            nn.Linear(2 * channels, out_channels),
        )

    def forward(self, batch: Batch) -> Tensor:
        """The representation [B, D] of a batch of events.

        Raises:
            HitclrError: the batch has another number of features.
        """
        check_features(_OWNER, batch, self.in_channels)
        pos = batch.pos
        centred = pos - event_mean(pos, batch.ptr)[batch.batch]
        pooled = pool_events(self.layers(torch.cat([batch.x, centred, pos], 1)), batch.ptr)
        count = log_count(batch.ptr, pooled.dtype)
        representation: Tensor = self.head(torch.cat([pooled, count], 1))
        return representation
