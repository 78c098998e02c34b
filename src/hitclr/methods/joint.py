"""Cross-entropy and contrastive loss together."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from hitclr.errors import SettingsError
from hitclr.losses import AlphaSchedule, ContrastiveLoss
from hitclr.methods.base import Needs, Optimisation
from hitclr.methods.classifier import Classifier
from hitclr.nn import InputNorm, Projector

__all__ = ["Joint"]


class Joint(Classifier):
    """``share`` of cross-entropy, the rest contrastive, on two augmented views of each event.

    Both act on one representation: the head on what the encoder gives, the contrastive loss
    (`contrastive_loss`, arXiv:2002.05709, arXiv:2004.11362) on its projection. The head predicts.
    Events of unknown class, such as those of a target domain, are in the contrastive part alone;
    weights of events are in the cross-entropy alone.

    Args:
        encoder: a module that maps a batch to [B, D].
        norm: standardises what enters the encoder.
        num_classes: the number of classes.
        optimisation: how the weights are updated.
        share: of the cross-entropy, above 0, up to 1.
        label_smoothing: the share of each target that is spread over all classes.
        alpha: the weight of positives of the same class against those of the same event, 0 to 1,
            or how it moves over the training.
        temperature: of the softmax over similarities.
        projection: the width of the projector's output.
        batch_norm: whether head and projector have batch normalisation.

    Raises:
        SettingsError: an option is out of range, or there are fewer than two classes.
    """

    needs = Needs(views=2, augmented=True, weights=True)

    def __init__(
        self,
        encoder: nn.Module,
        norm: InputNorm,
        num_classes: int,
        optimisation: Optimisation | None = None,
        *,
        share: float = 0.5,
        label_smoothing: float = 0.0,
        alpha: float | AlphaSchedule = 1.0,
        temperature: float = 0.1,
        projection: int = 64,
        batch_norm: bool = True,
    ) -> None:
        if not 0 < share <= 1 or num_classes < 2:
            message = (
                f"joint: expected a share of the cross-entropy above 0 and up to 1, and "
                f"two classes or more; got {share!r} and {num_classes}. Without labels take "
                f"`contrastive`."
            )
            raise SettingsError(message)
        super().__init__(
            encoder,
            norm,
            num_classes,
            optimisation,
            label_smoothing=label_smoothing,
            views=2,
            batch_norm=batch_norm,
        )
        self.share = share
        self.criterion = ContrastiveLoss(alpha=alpha, temperature=temperature, gather=True)
        self.projector = Projector(self.width, self.width, projection, batch_norm=batch_norm)

    def loss(self, views: Sequence[Batch]) -> Tensor:
        """The two losses, by their shares."""
        embedding = torch.cat([self.embed(view) for view in views])
        scores = self.logits(embedding).chunk(2)
        parts = [self.cross_entropy(view, own) for view, own in zip(views, scores, strict=True)]
        losses = torch.cat(parts)
        # A step may be without any event of known class.
        classified = losses.sum() / max(1, len(losses))
        first, second = self.projector(embedding).chunk(2)
        contrast: Tensor = self.criterion(first, second, views[0].y, self.progress)
        return self.share * classified + (1 - self.share) * contrast
