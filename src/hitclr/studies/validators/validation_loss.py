"""The method's own loss on validation events."""

from __future__ import annotations

from hitclr.errors import HitclrError
from hitclr.studies.validators.outputs import Outputs, Validator

__all__ = ["ValidationLoss"]


class ValidationLoss(Validator):
    """Minus the method's own loss on the validation events, as it is logged."""

    looks_at = "loss"

    def __call__(self, outputs: Outputs) -> float:
        """The score.

        Raises:
            HitclrError: there was no validation.
        """
        if outputs.validation_loss is None:
            message = "expected a validation loss, none was computed: is there a validation event?"
            raise HitclrError(message)
        return -outputs.validation_loss
