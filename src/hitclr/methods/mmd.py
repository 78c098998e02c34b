"""Adaptation by the maximum mean discrepancy."""

from __future__ import annotations

from torch import Tensor

from hitclr.losses import mmd_loss
from hitclr.methods.adaptation import Adaptation
from hitclr.methods.domains import by_domain

__all__ = ["MMD"]


class MMD(Adaptation):
    """A classifier with a penalty on the discrepancy of source and target (arXiv:1502.02791).

    The deep adaptation network of Long et al. 2015 on one layer, the representation, with
    `mmd_loss`: five Gaussian kernels about the median distance, all pairs. It presumes that classes
    are equally frequent in both domains.

    Arguments and errors are those of `Adaptation`.
    """

    def term(self, embedding: Tensor, logits: Tensor, target: Tensor) -> Tensor:
        """The squared discrepancy, over the events of all processes; see `Adaptation.term`."""
        return mmd_loss(*by_domain(embedding, target))
