"""Contrastive learning: two views of an event are pulled together, all others pushed away."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch_geometric.data import Batch

from hitclr.losses import AlphaSchedule, ContrastiveLoss
from hitclr.methods.base import Optimisation
from hitclr.methods.probed import Probed
from hitclr.nn import InputNorm, Projector

__all__ = ["Contrastive"]


class Contrastive(Probed):
    """SimCLR (alpha 0) to SupCon (alpha 1) on two augmented views of each event.

    The loss is `contrastive_loss` (arXiv:2002.05709, arXiv:2004.11362), over the events of all
    processes. The projector serves the training alone; the representation is what the encoder
    gives. Classes are read off by a linear probe, fitted once training is over. While alpha moves,
    losses of different epochs, of validation too, are not of one kind.

    Args:
        encoder: a module that maps a batch to [B, D].
        norm: standardises what enters the encoder.
        num_classes: the number of classes.
        optimisation: how the weights are updated.
        alpha: the weight of positives of the same class against those of the same event, 0 to 1,
            or how it moves over the training. Above 0 the labels of training events are used where
            they are known.
        temperature: of the softmax over similarities.
        projection: the width of the projector's output.
        batch_norm: whether the projector has batch normalisation.

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
        alpha: float | AlphaSchedule = 1.0,
        temperature: float = 0.1,
        projection: int = 64,
        batch_norm: bool = True,
    ) -> None:
        super().__init__(encoder, norm, num_classes, optimisation)
        self.criterion = ContrastiveLoss(alpha=alpha, temperature=temperature, gather=True)
        self.projector = Projector(self.width, self.width, projection, batch_norm=batch_norm)

    def loss(self, views: Sequence[Batch]) -> Tensor:
        """The alpha-weighted contrastive loss of two views."""
        return self.contrast(self.embed_views(views), views[0].y)

    def contrast(self, embedding: Tensor, labels: Tensor) -> Tensor:
        """The contrastive loss of representations [2B, D], events of labels [B]."""
        # Both views at once, so that the batch statistics are those of all.
        first, second = self.projector(embedding).chunk(2)
        loss: Tensor = self.criterion(first, second, labels, self.progress)
        return loss
