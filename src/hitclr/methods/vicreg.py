"""VICReg: two views agree, without negatives."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch_geometric.data import Batch

from hitclr.losses import VICRegLoss
from hitclr.methods.base import Optimisation
from hitclr.methods.probed import Probed
from hitclr.nn import InputNorm, Projector

__all__ = ["VICReg"]


class VICReg(Probed):
    """Invariance, variance and covariance of two views (Bardes et al. 2022, arXiv:2105.04906).

    It uses no labels. The loss is over the events of all processes. The paper's projector has three
    layers; this one has two, as that of `Contrastive`.

    Args:
        encoder: a module that maps a batch to [B, D].
        norm: standardises what enters the encoder.
        num_classes: the number of classes.
        optimisation: how the weights are updated.
        invariance: the coefficient of the views' squared difference.
        variance: the coefficient of the hinge on the spread of each feature.
        covariance: the coefficient of the squared covariances of features.
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
        invariance: float = 25.0,
        variance: float = 25.0,
        covariance: float = 1.0,
        projection: int = 256,
    ) -> None:
        super().__init__(encoder, norm, num_classes, optimisation)
        self.criterion = VICRegLoss(invariance, variance, covariance, gather=True)
        self.projector = Projector(self.width, projection, projection)

    def loss(self, views: Sequence[Batch]) -> Tensor:
        """The loss of the projections of two views."""
        first, second = self.projector(self.embed_views(views)).chunk(2)
        loss: Tensor = self.criterion(first, second)
        return loss
