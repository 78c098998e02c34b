"""Classifiers with batch normalisation before their head: the trial of ``docs/choosing.md``."""

from __future__ import annotations

from torch import Tensor, nn

import hitclr
from hitclr.methods import AugmentedClassifier, Joint, Method, Optimisation
from hitclr.nn import InputNorm
from hitclr.plugins import Registrar


class NormalisedClassifier(AugmentedClassifier):
    """`AugmentedClassifier` with batch normalisation of the representation before the head."""

    def __init__(
        self,
        encoder: nn.Module,
        norm: InputNorm,
        num_classes: int,
        optimisation: Optimisation | None = None,
        *,
        views: int = 1,
    ) -> None:
        super().__init__(encoder, norm, num_classes, optimisation, views=views)
        self.bn = nn.BatchNorm1d(self.width)

    def logits(self, embedding: Tensor) -> Tensor:
        """Class scores [B, C] of the head."""
        return super().logits(self.bn(embedding))


class NormalisedJoint(Joint):
    """`Joint` with batch normalisation of the representation before the head."""

    def __init__(
        self,
        encoder: nn.Module,
        norm: InputNorm,
        num_classes: int,
        optimisation: Optimisation | None = None,
    ) -> None:
        super().__init__(encoder, norm, num_classes, optimisation)
        self.bn = nn.BatchNorm1d(self.width)

    def logits(self, embedding: Tensor) -> Tensor:
        """Class scores [B, C] of the head."""
        return super().logits(self.bn(embedding))


@hitclr.hookimpl
def register_methods(registrar: Registrar[type[Method]]) -> None:
    """The two."""
    registrar.add("classifier-bn", NormalisedClassifier)
    registrar.add("joint-bn", NormalisedJoint)
