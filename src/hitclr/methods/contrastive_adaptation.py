"""What contrastive methods that adapt to an unlabelled target domain have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from torch import Tensor, nn
from torch_geometric.data import Batch

from hitclr.losses import AlphaSchedule
from hitclr.methods.base import Needs, Optimisation
from hitclr.methods.contrastive import Contrastive
from hitclr.methods.domains import check_weight, has_both
from hitclr.nn import InputNorm

__all__ = ["ContrastiveAdaptation"]


class ContrastiveAdaptation(Contrastive):
    """Contrastive learning on both domains, with a term that makes their representations alike.

    A step has as many events of the target as of the source. All are in the contrastive loss; the
    labels of the target are hidden, so that its events have their twins alone as positives. Source
    events of unknown class are left out, as they could not be told from the target.

    Args:
        encoder: a module that maps a batch to [B, D].
        norm: standardises what enters the encoder.
        num_classes: the number of classes.
        optimisation: how the weights are updated.
        alpha: see `Contrastive`.
        temperature: of the softmax over similarities.
        projection: the width of the projector's output.
        batch_norm: whether the projector has batch normalisation.
        weight: of the term, against the contrastive loss.

    Raises:
        SettingsError: an option is out of range.
    """

    needs = Needs(views=2, augmented=True, labels=True, target="beside")

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
        weight: float = 1.0,
    ) -> None:
        super().__init__(
            encoder,
            norm,
            num_classes,
            optimisation,
            alpha=alpha,
            temperature=temperature,
            projection=projection,
            batch_norm=batch_norm,
        )
        check_weight(weight)
        self.weight = weight

    @abstractmethod
    def term(self, embedding: Tensor, target: Tensor) -> Tensor:
        """What is small when the target looks like the source, a scalar.

        Args:
            embedding: [2B, D], the representation of both views of events of both.
            target: [2B] bool, which are of the target; there are some of both.
        """

    def loss(self, views: Sequence[Batch]) -> Tensor:
        """The contrastive loss; in training, with the weighted term."""
        embedding = self.embed_views(views)
        loss = self.contrast(embedding, views[0].y)
        target = (views[0].y < 0).repeat(2)
        if self.training and has_both(target):
            loss = loss + self.weight * self.term(embedding, target)
        return loss
