"""Which average of the weights a run takes."""

from __future__ import annotations

from collections.abc import Callable

import lightning as L

from hitclr.config import EmaSettings, Settings, SwadSettings
from hitclr.errors import SettingsError
from hitclr.runs.training.ema import EmaWeights
from hitclr.runs.training.swad import SwadWeights

__all__ = ["weight_averaging"]


def weight_averaging(
    settings: Settings, *, validated: bool, say: Callable[[str], None] = lambda _: None
) -> list[L.Callback]:
    """The callback that averages weights as the settings say; none where they want none.

    Args:
        settings: of the run.
        validated: whether there are validation events.
        say: called with a line of text for people.

    Raises:
        SettingsError: SWAD has no validation loss to go by, or something else that chooses the
            model or ends the training goes beside it.
    """
    chosen = settings.trainer.average
    if isinstance(chosen, EmaSettings):
        return [EmaWeights(chosen.decay)]
    if not isinstance(chosen, SwadSettings):
        return []
    lacking = ""
    if not validated:
        lacking = "there are no validation events: make data.split.validation larger"
    elif settings.select.name != "last":
        lacking = (
            f"the model of one epoch ({settings.select.name}) is not its average: leave out select"
        )
    elif settings.trainer.early_stopping is not None:
        lacking = "it stops by itself: leave out trainer.early_stopping"
    if lacking:
        message = f"trainer.average: swad chooses by the validation loss what to average; {lacking}"
        raise SettingsError(message)
    return [SwadWeights(chosen.converge, chosen.overfit, chosen.tolerance, say)]
