"""The plain classifier on augmented views."""

from __future__ import annotations

from torch import nn

from hitclr.errors import SettingsError
from hitclr.methods.base import Needs, Optimisation
from hitclr.methods.classifier import Classifier
from hitclr.nn import InputNorm

__all__ = ["AugmentedClassifier"]


class AugmentedClassifier(Classifier):
    """Supervised training on augmented views alone.

    It sees the views that a contrastive method sees, as many of them, without being told which are
    of one event.

    Args:
        encoder: a module that maps a batch to [B, D].
        norm: standardises what enters the encoder.
        num_classes: the number of classes.
        optimisation: how the weights are updated.
        label_smoothing: the share of each target that is spread over all classes.
        views: how many augmented views of each event a step has, 1 or more.
        batch_norm: whether the head normalises the representation first (`ClassHead`).

    Raises:
        SettingsError: an option is out of range.
    """

    needs = Needs(views=2, augmented=True, labels=True, weights=True)

    def __init__(
        self,
        encoder: nn.Module,
        norm: InputNorm,
        num_classes: int,
        optimisation: Optimisation | None = None,
        *,
        label_smoothing: float = 0.0,
        views: int = 2,
        batch_norm: bool = True,
    ) -> None:
        super().__init__(
            encoder,
            norm,
            num_classes,
            optimisation,
            label_smoothing=label_smoothing,
            views=views,
            batch_norm=batch_norm,
        )
        if views < 1:
            message = (
                f"expected augmented views of 1 or more, got {views!r}; the method `classifier` "
                f"trains on the events as they are"
            )
            raise SettingsError(message)
