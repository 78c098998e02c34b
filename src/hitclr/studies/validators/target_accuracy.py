"""The oracle's choice: the accuracy on the target, by labels that nobody has."""

from __future__ import annotations

from hitclr.studies.validators.outputs import Outputs, Validator

__all__ = ["TargetAccuracy"]


class TargetAccuracy(Validator):
    """The accuracy of the target's validation events, by their true labels.

    A model that is chosen by it has seen what it is tested with. It is there to show how much the
    choice of a model is worth, next to a choice without labels.
    """

    looks_at = "truth"

    def __call__(self, outputs: Outputs) -> float:
        """The score, from 0 to 1."""
        known = outputs.truth >= 0
        right = outputs.target[known].argmax(1) == outputs.truth[known]
        return float(right.double().mean())
