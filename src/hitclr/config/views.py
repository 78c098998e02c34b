"""How the views of an event are made."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator, model_validator

from hitclr.config.base import SettingsBase, Spec

__all__ = ["ResimulateSettings", "ViewSettings"]


class ResimulateSettings(SettingsBase):
    """Views that a detector makes anew of the stored true deposits.

    Attributes:
        detector: the registered detector.
        deposits: the files with the deposits of the training events, names or globs.
        vary: the parameters that are drawn from their priors, names or ``{name: [low, high]}`` for
            other ends than the prior's; the rest stay nominal. All where it is None.
        probability: the probability with which each event of a view is re-simulated.
    """

    detector: str
    deposits: tuple[str, ...] = Field(min_length=1)
    vary: tuple[str, ...] | dict[str, tuple[float, float]] | None = None
    probability: float = Field(default=1.0, ge=0, le=1)

    @field_validator("deposits", "vary", mode="before")
    @classmethod
    def _one_name(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


class ViewSettings(SettingsBase):
    """How the views of an event are made: first its hits, then what changes them.

    Attributes:
        pair: the samples that hold simulations of the same events under several throws; each view
            has the hits of one of them.
        resimulate: instead, the hits are made anew of the true deposits.
        augmentations: applied in this order.
        detector: instead, the augmentations of this registered detector.
        choose: instead, draw this many of them per event, with replacement.
    """

    pair: tuple[str, ...] = ()
    resimulate: ResimulateSettings | None = None
    augmentations: tuple[Spec, ...] = ()
    detector: str | None = None
    choose: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _one_source(self) -> ViewSettings:
        if self.detector is not None and self.augmentations:
            message = (
                "expected augmentations, or a detector whose own are taken, got both; to change "
                "some of a detector's, name all that are wanted under augmentations; the attribute "
                "`augmentations` of the detector has its own"
            )
            raise ValueError(message)
        if self.pair and self.resimulate is not None:
            message = "expected pair or resimulate, got both: the hits of a view have one source"
            raise ValueError(message)
        if self.pair and len(set(self.pair)) < max(2, len(self.pair)):
            message = (
                f"pair: expected two or more different samples, got {', '.join(self.pair)}: the "
                f"event's own sample is to be named, too"
            )
            raise ValueError(message)
        return self
