"""What methods have in common that compare several labelled samples."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor
from torch_geometric.data import Batch

from hitclr import fields
from hitclr.losses import gather_rows, row_counts
from hitclr.methods.base import Needs
from hitclr.methods.classifier import Classifier

__all__ = ["AcrossDomains"]


class AcrossDomains(Classifier):
    """A classifier that is to do well on all of several labelled samples, and so on another one.

    It sees nothing of the target. Arguments and errors are those of `Classifier`.
    """

    needs = Needs(views=1, labels=True, weights=True, domains=2)

    @abstractmethod
    def risk(self, losses: Tensor, domains: Tensor) -> Tensor:
        """What is made small in training, a scalar.

        Args:
            losses: [K], the cross-entropy of each event of all processes, times its weight.
            domains: [K] int64, the sample that it is from.
        """

    def loss(self, views: Sequence[Batch]) -> Tensor:
        """The `risk` of all views; in validation the mean cross-entropy, as other methods have."""
        if not self.training:
            return super().loss(views)
        losses = torch.cat(
            [self.cross_entropy(view, self.logits(self.embed(view))) for view in views]
        )
        domains = torch.cat([view[fields.DOMAIN][view.y >= 0] for view in views])
        counts = row_counts(losses)
        return self.risk(gather_rows(losses, counts), gather_rows(domains, counts))
