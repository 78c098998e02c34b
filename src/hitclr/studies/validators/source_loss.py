"""The cross-entropy on the source."""

from __future__ import annotations

from torch.nn.functional import cross_entropy

from hitclr.studies.validators.outputs import Outputs, Validator

__all__ = ["SourceLoss"]


class SourceLoss(Validator):
    """Minus the mean cross-entropy of the source's validation events."""

    looks_at = "source"

    def __call__(self, outputs: Outputs) -> float:
        """The score."""
        return -float(cross_entropy(outputs.source.double(), outputs.labels))
