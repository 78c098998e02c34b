"""Contrastive learning with equal covariances of source and target."""

from __future__ import annotations

from torch import Tensor

from hitclr.losses import coral_loss
from hitclr.methods.contrastive_adaptation import ContrastiveAdaptation
from hitclr.methods.domains import by_domain

__all__ = ["ContrastiveCORAL"]


class ContrastiveCORAL(ContrastiveAdaptation):
    """Contrastive learning on both domains, with CORAL on the representation (arXiv:1607.01719).

    Classes are read off by a linear probe that is fitted on the source. Arguments and errors are
    those of `ContrastiveAdaptation`.
    """

    def term(self, embedding: Tensor, target: Tensor) -> Tensor:
        """The distance of covariances, over the events of all processes."""
        return coral_loss(*by_domain(embedding, target))
