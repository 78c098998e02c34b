"""A transformer on windows of hits that follow each other along space-filling curves."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention
from torch_geometric.data import Batch

from hitclr.errors import SettingsError
from hitclr.nn.options import Size, check_counts, check_features, choose_size
from hitclr.nn.pooling import event_mean, log_count, pool_events
from hitclr.nn.windows import CURVES, Windows, canonical_order, cut_windows, grid_cells

__all__ = ["PointTransformer"]

_OWNER = "point transformer"


class _Numbers(NamedTuple):
    channels: int
    depth: int
    out_channels: int


_SIZES: dict[str, _Numbers] = {
    "tiny": _Numbers(32, 2, 64),
    "small": _Numbers(64, 4, 128),
    "base": _Numbers(128, 6, 256),
}


class PointTransformer(nn.Module):
    """Attention in windows along space-filling curves (Point Transformer V3, arXiv:2312.10035).

    The hits of an event are put in order along a curve and cut into windows of one size (there,
    sec. 4.2); a hit attends to the hits of its window. From block to block the curve changes:
    Hilbert's and Morton's, each also with the axes in reverse; and every second round of the
    curves the windows are shifted by half. A block is pre-norm attention and a pre-norm pointwise
    MLP of four times the width with GELU, both residual. In the place of that paper's sparse
    convolution the attention knows relative positions by rotary embeddings with learnt
    frequencies (Heo et al. 2024, arXiv:2403.13298, sec. 3.3). All layers keep the number of hits.

    The representation of an event depends on neither the order of its hits nor the other events
    of the batch: hits in one cell of the curve are put in the order of their positions, then
    features, and what is equal in all of them can be exchanged. It expects inputs of about unit
    size, as `InputNorm` makes them.

    Args:
        in_channels: the number F of hit features.
        size: ``tiny`` (32 channels, 2 blocks, 64 numbers out), ``small`` (64, 4, 128) or ``base``
            (128, 6, 256); the next three override it.
        channels: the number of channels.
        depth: the number of blocks.
        out_channels: the width D of the representation.
        window: the number of hits of a window, at least 2.
        heads: the number of attention heads; each has ``channels / heads`` channels, an even
            number. One for each 16 channels where it is not given.

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
        window: int = 32,
        heads: int | None = None,
    ) -> None:
        super().__init__()
        numbers = choose_size(_OWNER, _SIZES, size)
        channels = numbers.channels if channels is None else channels
        depth = numbers.depth if depth is None else depth
        out_channels = numbers.out_channels if out_channels is None else out_channels
        check_counts(
            _OWNER, channels=channels, depth=depth, out_channels=out_channels, window=window
        )
        heads = max(1, channels // 16) if heads is None else heads
        check_counts(_OWNER, heads=heads)
        if window < 2:
            message = f"{_OWNER}: expected a window of at least 2 hits, got {window}"
            raise SettingsError(message)
        if channels % (2 * heads):
            message = (
                f"{_OWNER}: expected channels that are a multiple of twice the heads, got "
                f"{channels} channels and {heads} heads"
            )
            raise SettingsError(message)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.window = window
        self.stem = nn.Sequential(
            nn.Linear(in_channels + 6, channels),
            nn.GELU(),
            nn.Linear(channels, channels),
            nn.LayerNorm(channels),
        )
        self.blocks = nn.ModuleList(_Block(channels, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(channels)
        self.head = nn.Linear(2 * channels + 1, out_channels)

    def forward(self, batch: Batch) -> Tensor:
        """The representation [B, D] of a batch of events.

        Raises:
            HitclrError: the batch has another number of features.
        """
        check_features(_OWNER, batch, self.in_channels)
        order = canonical_order(batch)
        x, pos, event = batch.x[order], batch.pos[order], batch.batch[order]
        centred = pos - event_mean(pos, batch.ptr)[event]
        hits = self.stem(torch.cat([x, centred, pos], 1))
        cell = grid_cells(pos.detach(), event, batch.num_graphs)
        made: dict[tuple[int, int], Windows] = {}
        for number, block in enumerate(self.blocks):
            turn, curve = divmod(number, len(CURVES))
            shift = turn % 2 * (self.window // 2)
            if (curve, shift) not in made:
                made[curve, shift] = cut_windows(
                    cell, event, batch.ptr, self.window, curve, shift=shift
                )
            hits = block(hits, centred, made[curve, shift])
        pooled = pool_events(self.norm(hits), batch.ptr)
        count = log_count(batch.ptr, pooled.dtype)
        representation: Tensor = self.head(torch.cat([pooled, count], 1))
        return representation


class _Block(nn.Module):
    """A transformer block."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(channels)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)
        # From one turn over the spread of all hits to one over about a hundredth of it.
        pairs = channels // 2
        rate = 100 ** torch.linspace(0, 1, pairs // heads).repeat(heads)
        direction = nn.functional.normalize(torch.randn(3, pairs), dim=0)
        self.frequency = nn.Parameter(rate * direction)
        self.mlp_norm = nn.LayerNorm(channels)
        self.wide = nn.Linear(channels, 4 * channels)
        self.narrow = nn.Linear(4 * channels, channels)

    def forward(self, hits: Tensor, pos: Tensor, windows: Windows) -> Tensor:
        """The new features [N, C] of hits at ``pos`` [N, 3]."""
        hits = hits + self.proj(self._attend(self.qkv(self.norm(hits)), pos, windows))
        result: Tensor = hits + self.narrow(gelu(self.wide(self.mlp_norm(hits))))
        return result

    def _attend(self, qkv: Tensor, pos: Tensor, windows: Windows) -> Tensor:
        """The attention [N, C] of each hit to its window, from queries, keys, values [N, 3 C]."""
        query, key, value = qkv.chunk(3, 1)
        with torch.autocast(pos.device.type, enabled=False):
            angle = pos.to(self.frequency.dtype) @ self.frequency
            cosine, sine = angle.cos(), angle.sin()
        rotated = torch.cat([_rotate(query, cosine, sine), _rotate(key, cosine, sine), value], 1)
        count, size = windows.hit.shape
        parts = rotated.to(qkv.dtype).index_select(0, windows.hit.flatten())
        wide = query.size(1) // self.heads
        parts = parts.view(count, size, 3, self.heads, wide).permute(2, 0, 3, 1, 4)
        mask = windows.filled[:, None, None, :]
        out = scaled_dot_product_attention(parts[0], parts[1], parts[2], attn_mask=mask)
        return (
            out.transpose(1, 2).reshape(count * size, query.size(1)).index_select(0, windows.place)
        )


def _rotate(values: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Pairs of neighbouring channels [N, C] turned by the angles [N, C/2]."""
    first, second = values.view(*cosine.shape, 2).unbind(2)
    turned = (first * cosine - second * sine, first * sine + second * cosine)
    return torch.stack(turned, 2).flatten(1)
