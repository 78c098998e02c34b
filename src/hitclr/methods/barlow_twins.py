"""Barlow Twins: features of two views are correlated one to one."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch_geometric.data import Batch

from hitclr.losses import BarlowTwinsLoss
from hitclr.methods.base import Optimisation
from hitclr.methods.probed import Probed
from hitclr.nn import InputNorm, Projector

__all__ = ["BarlowTwins"]


class BarlowTwins(Probed):
    """The cross-correlation of two views becomes the unit matrix (arXiv:2103.03230).

    Zbontar et al. 2021. It uses no labels and no negatives. The loss is over the events of all
    processes. The paper's projector has three layers; this one has two, as that of `Contrastive`.

    Args:
        encoder: a module that maps a batch to [B, D].
        norm: standardises what enters the encoder.
        num_classes: the number of classes.
        optimisation: how the weights are updated.
        redundancy: the coefficient of correlations of different features.
        projection: the width of the projector, its output included. The paper's are wide.

    Raises:
        SettingsError: an option is out of range.
    """

    def __init__(
        self,
        encoder: nn.Module,
        norm: InputNorm,
        num_classes: int,
        optimisation: Optimisation | None = None,
        *,
        redundancy: float = 0.005,
        projection: int = 256,
    ) -> None:
        super().__init__(encoder, norm, num_classes, optimisation)
        self.criterion = BarlowTwinsLoss(redundancy, gather=True)
        self.projector = Projector(self.width, projection, projection)

    def loss(self, views: Sequence[Batch]) -> Tensor:
        """The loss of the projections of two views."""
        first, second = self.projector(self.embed_views(views)).chunk(2)
        loss: Tensor = self.criterion(first, second)
        return loss
