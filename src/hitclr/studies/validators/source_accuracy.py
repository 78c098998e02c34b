"""The accuracy on the source."""

from __future__ import annotations

from hitclr.studies.validators.outputs import Outputs, Validator

__all__ = ["SourceAccuracy"]


class SourceAccuracy(Validator):
    """The accuracy of the source's validation events."""

    looks_at = "source"

    def __call__(self, outputs: Outputs) -> float:
        """The score, from 0 to 1."""
        return float((outputs.source.argmax(1) == outputs.labels).double().mean())
