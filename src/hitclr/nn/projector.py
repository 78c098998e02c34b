"""The projector between the representation and the contrastive loss."""

from __future__ import annotations

from torch import Tensor, nn

__all__ = ["Projector"]


class Projector(nn.Module):
    """Two linear layers with a ReLU between them (Chen et al. 2020, arXiv:2002.05709, sec. 4.2).

    The output is linear: a last ReLU would keep all cosine similarities above 0. With batch
    normalisation the output depends on the batch while training, so it needs two views or more at
    a time, and synchronised statistics on several devices (Lightning's ``sync_batchnorm``).

    Args:
        in_channels: the width of the representation.
        hidden: the width between the layers.
        out_channels: the width of the projection.
        batch_norm: whether to normalise before the ReLU.
    """

    def __init__(
        self, in_channels: int, hidden: int, out_channels: int, batch_norm: bool = True
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.layers = nn.Sequential(
            nn.Linear(in_channels, hidden, bias=not batch_norm),
            nn.BatchNorm1d(hidden) if batch_norm else nn.Identity(),
            nn.ReLU(),
            nn.Linear(hidden, out_channels),
        )

    def forward(self, representation: Tensor) -> Tensor:
        """The projection [B, out_channels] of a representation [B, in_channels]."""
        projected: Tensor = self.layers(representation)
        return projected
