"""All settings of a run, validated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationError, model_validator

from hitclr.config.base import SettingsBase, Spec
from hitclr.config.data import DataSettings
from hitclr.config.training import (
    OptimizerSettings,
    PretrainedSettings,
    ProbeSettings,
    TrainerSettings,
)
from hitclr.config.views import ViewSettings
from hitclr.errors import SettingsError, did_you_mean
from hitclr.validation import explain

__all__ = ["Settings", "make_settings"]


class Settings(SettingsBase):
    """All settings of a training run.

    Attributes:
        title: the headline of the report.
        notes: what a reader of the report must know about the data.
        schema_source: the key ``schema``: a registered schema's name, a YAML file, or a mapping
            (a schema, or the name and the options of a schema maker).
        data: what is read and how it is fed.
        views: how views are made.
        encoder: the encoder.
        edges: other edges than those that the encoder asks for by itself.
        method: the training method.
        optimizer: the optimiser.
        trainer: how long and on what is trained.
        probe: the read-out of methods that do not classify by themselves.
        select: the validator that chooses the epoch whose model is kept; ``last`` for the last one.
        pretrained: a trained model whose encoder the training begins with.
        seed: the seed of everything random.
        out: the folder of the run.
    """

    title: str = "hitclr training run"
    notes: tuple[str, ...] = ()
    schema_source: str | dict[str, Any] = Field(alias="schema")
    data: DataSettings
    views: ViewSettings = ViewSettings()
    encoder: Spec = Spec(name="pointnet")
    edges: Spec | None = None
    method: Spec = Spec(name="classifier-aug")
    optimizer: OptimizerSettings = OptimizerSettings()
    trainer: TrainerSettings = TrainerSettings()
    probe: ProbeSettings = ProbeSettings()
    select: Spec = Spec(name="last")
    pretrained: PretrainedSettings | None = None
    seed: int = Field(default=0, ge=0)
    out: str = "runs/hitclr"

    @model_validator(mode="after")
    def _pairs_at_hand(self) -> Settings:
        if self.views.pair and self.data.feed == "stream":
            message = (
                "views.pair needs the hits of other events at any time, which a stream does not "
                "have: take `data.feed: mapped`, which holds as many"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _known_pair(self) -> Settings:
        samples = self.data.samples
        for name in self.views.pair:
            if name not in samples:
                message = f"views.pair: no sample is called {name!r}. " + did_you_mean(
                    name, list(samples)
                )
                raise ValueError(message)
        uses = {name: samples[name].use for name in self.views.pair if samples[name].use != "views"}
        if self.views.pair and set(uses.values()) not in ({"split"}, {"train"}):
            named = ", ".join(f"{name} ({use})" for name, use in uses.items()) or "none"
            message = (
                f"views.pair: besides samples with `use: views`, expected samples that are all "
                f"divided (split) or all trained on (train), so that no hits of a test event are "
                f"trained on; got {named}"
            )
            raise ValueError(message)
        idle = [
            name
            for name, sample in samples.items()
            if sample.use == "views" and name not in self.views.pair
        ]
        if idle:
            message = (
                f"data.samples: `use: views` is for the samples of views.pair, which does not name "
                f"{', '.join(idle)}"
            )
            raise ValueError(message)
        return self

    def plain(self) -> dict[str, Any]:
        """The settings as plain values, as a YAML file would hold them."""
        return self.model_dump(mode="json", by_alias=True)


def make_settings(content: Mapping[str, Any], *, where: str = "the settings") -> Settings:
    """Validate settings.

    Raises:
        SettingsError: a key is unknown (with the nearest known ones), missing, or has a value of
            the wrong kind.
    """
    try:
        return Settings.model_validate(content)
    except ValidationError as error:
        message = f"{where}: not valid:\n{explain(error, Settings)}"
        raise SettingsError(message) from error
