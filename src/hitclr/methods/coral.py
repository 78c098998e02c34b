"""Adaptation by the covariance of the representation."""

from __future__ import annotations

from torch import Tensor

from hitclr.losses import coral_loss
from hitclr.methods.adaptation import Adaptation
from hitclr.methods.domains import by_domain

__all__ = ["CORAL"]


class CORAL(Adaptation):
    """A classifier with a penalty on unlike covariances of source and target (arXiv:1607.01719).

    Deep CORAL (Sun and Saenko 2016) on the representation. A shift of means alone is not seen. The
    loss has no scale of its own: the paper's choice of ``weight`` is that in the end the term is
    about as large as the cross-entropy.

    Arguments and errors are those of `Adaptation`. Each step needs two events of each domain.
    """

    def term(self, embedding: Tensor, logits: Tensor, target: Tensor) -> Tensor:
        """The distance of covariances, over the events of all processes; see `Adaptation.term`."""
        return coral_loss(*by_domain(embedding, target))
