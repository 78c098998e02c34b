"""The classifier that knows the labels of the target."""

from __future__ import annotations

from hitclr.methods.base import Needs
from hitclr.methods.classifier import Classifier

__all__ = ["Oracle"]


class Oracle(Classifier):
    """Supervised training on the labelled events of the target domain, and on no others.

    It is the ceiling that methods without these labels are measured against, and no method to use.

    Arguments and errors are those of `Classifier`.
    """

    needs = Needs(views=1, labels=True, weights=True, target="labelled")
