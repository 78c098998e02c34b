"""Adaptive batch normalisation: the target is standardised by its own statistics."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn
from torch_geometric.data import Batch

from hitclr.errors import HitclrError
from hitclr.methods.base import Needs, Optimisation
from hitclr.methods.classifier import Classifier
from hitclr.nn import InputNorm

__all__ = ["AdaBN"]


class AdaBN(Classifier):
    """A classifier whose head normalises by the statistics of the target.

    It is trained on the source. When training is over, mean and variance of the target's training
    events take the place of the source's in the head's batch normalisation (Li et al. 2016,
    arXiv:1603.04779, algorithm 1, on this one layer). From then on it is a model for the target:
    source events go through the target's statistics, too. It presumes that classes are equally
    frequent in both domains.

    Args:
        encoder: a module that maps a batch to [B, D].
        norm: standardises what enters the encoder.
        num_classes: the number of classes.
        optimisation: how the weights are updated.
        label_smoothing: the share of each target that is spread over all classes.
        views: how many augmented views of each event a step has; 0 for the events as they are.

    Raises:
        SettingsError: an option is out of range.
    """

    needs = Needs(views=1, labels=True, weights=True, target="after")

    def __init__(
        self,
        encoder: nn.Module,
        norm: InputNorm,
        num_classes: int,
        optimisation: Optimisation | None = None,
        *,
        label_smoothing: float = 0.0,
        views: int = 0,
    ) -> None:
        super().__init__(
            encoder, norm, num_classes, optimisation, label_smoothing=label_smoothing, views=views
        )

    @torch.no_grad()
    def after_training(self, target: Iterable[Batch]) -> None:
        """Take mean and variance from the target; see `Method.after_training`.

        Raises:
            HitclrError: there are fewer than two events, or an embedding is not finite.
        """
        with self.evaluating():
            rows = [self.embed(batch).float().cpu() for batch in target]
        embedding = torch.cat([torch.empty(0, self.width), *rows]).double()
        if len(embedding) < 2 or not bool(embedding.isfinite().all()):
            message = (
                f"adabn: expected finite representations of two training events of the target "
                f"domain or more, got {int(embedding.isfinite().all(1).sum())} finite of "
                f"{len(embedding)}: give more events of the target, or, where the training "
                f"diverged, a lower optimizer.lr"
            )
            raise HitclrError(message)
        self.head.set_statistics(embedding.mean(0), embedding.var(0))
