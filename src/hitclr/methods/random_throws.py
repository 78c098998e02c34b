"""The classifier that is trained on many throws of the detector."""

from __future__ import annotations

from hitclr.methods.augmented_classifier import AugmentedClassifier
from hitclr.methods.base import Needs

__all__ = ["RandomThrows"]


class RandomThrows(AugmentedClassifier):
    """Supervised training on views that are simulated under other throws of the detector.

    Domain randomisation (Tobin et al. 2017, arXiv:1703.06907): a classifier that has seen many
    detectors takes the real one for yet another. The hits of a view come from ``views.resimulate``
    or ``views.pair``; augmentations may follow.

    Arguments and errors are those of `AugmentedClassifier`.
    """

    needs = Needs(views=2, augmented=True, labels=True, weights=True, thrown=True)
