"""The settings of a run: validated, with defaults, from YAML and dotted overrides."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from hitclr.errors import SettingsError, did_you_mean
from hitclr.io import FeedKind, LabelRule, Policy, Use
from hitclr.validation import explain, read_mapping, read_yaml

__all__ = [
    "DataSettings",
    "OptimizerSettings",
    "ProbeSettings",
    "ResimulateSettings",
    "SampleSettings",
    "Settings",
    "Spec",
    "SplitSettings",
    "TrainerSettings",
    "ViewSettings",
    "load_settings",
    "make_settings",
    "override_settings",
]


_STREAM_BUFFER = 2**14


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Spec(BaseModel):
    """Something that a plugin registered, by name, with options: ``{name: rotation, axis: z}``."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @property
    def options(self) -> dict[str, Any]:
        """What is given besides the name."""
        return dict(self.model_extra or {})


class SampleSettings(_Settings):
    """One sample: its files and what is known of their class; see `hitclr.io.Sample`."""

    files: tuple[str, ...] = Field(min_length=1)
    label: str | LabelRule | None = None
    labelled: bool = True
    use: Use = "split"
    entries: tuple[int, int | None] = (0, None)
    fraction: float = Field(default=1.0, gt=0, le=1)

    @field_validator("entries")
    @classmethod
    def _some_entries(cls, value: tuple[int, int | None]) -> tuple[int, int | None]:
        first, last = value
        if first < 0 or (last is not None and last <= first):
            message = (
                f"expected [first, end] with 0 <= first < end, such as [0, 1000], or [1000, null] "
                f"for all from 1000 on; got {list(value)}"
            )
            raise ValueError(message)
        return value

    @model_validator(mode="before")
    @classmethod
    def _from_files(cls, value: Any) -> Any:
        return {"files": value} if isinstance(value, (str, list, tuple)) else value

    @field_validator("files", mode="before")
    @classmethod
    def _one_file(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


class SplitSettings(_Settings):
    """The fractions of events for validation and test; the rest is for training.

    Attributes:
        validation: the fraction for validation.
        test: the fraction for test.
        by: ``hash``: each event is drawn for a side by its key, or its place where the schema has
            none. ``entries``: each file's first events are for training, the next for validation,
            its last for test; so that neighbours, which may be alike, are on one side.
    """

    validation: float = Field(default=0.1, ge=0, lt=1)
    test: float = Field(default=0.2, ge=0, lt=1)
    by: Literal["hash", "entries"] = "hash"

    @model_validator(mode="after")
    def _some_training(self) -> SplitSettings:
        if self.validation + self.test >= 1:
            message = f"validation and test add up to {self.validation + self.test:g}: none is left"
            raise ValueError(message)
        return self


class DataSettings(_Settings):
    """What is read and how it is fed.

    Attributes:
        samples: the samples by name. ``name: glob`` is short for ``name: {files: [glob]}``.
        classes: the order of the classes; without it, that of first mention.
        on_bad_input: stop at the first fault, or skip and count.
        split: the fractions for validation and test.
        batch_size: events per training step.
        num_workers: processes that make views and edges; the numbers do not depend on it.
        feed: where the hits of a batch come from: ``memory``; ``mapped``, a cache of flat columns
            on disk, mapped into memory; or ``stream``, the ROOT files, read anew in each epoch.
        cache: the folder of the cache; ``run`` for one in the folder of the run. Without it, the
            user's cache folder for ``mapped`` and ``stream``, and none for ``memory``.
        shuffle_buffer: events are shuffled by the blocks in which they are stored, and then within
            so many; the same buffer gives the same order, whatever the feed. Without it, 16384 for
            ``stream``, and all events at once otherwise.
        threads: how many threads read and unpack branches at the same time.
    """

    samples: dict[str, SampleSettings] = Field(min_length=1)
    classes: tuple[str, ...] | None = None
    on_bad_input: Policy = "raise"
    split: SplitSettings = SplitSettings()
    batch_size: int = Field(default=64, ge=2)
    num_workers: int = Field(default=0, ge=0)
    feed: FeedKind = "memory"
    cache: str | None = None
    shuffle_buffer: int | None = Field(default=None, ge=2)
    threads: int = Field(default=2, ge=1)

    @property
    def buffer(self) -> int | None:
        """How many events the order needs at a time; None for any number."""
        if self.shuffle_buffer is None and self.feed == "stream":
            return _STREAM_BUFFER
        return self.shuffle_buffer


class ResimulateSettings(_Settings):
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


class ViewSettings(_Settings):
    """How the views of an event are made: first its hits, then what changes them.

    Attributes:
        pair: the samples that hold simulations of the same events under several throws; each view
            has the hits of one of them.
        resimulate: instead, the hits are made anew of the true deposits.
        augmentations: applied in this order.
        choose: instead, draw this many of them per event, with replacement.
    """

    pair: tuple[str, ...] = ()
    resimulate: ResimulateSettings | None = None
    augmentations: tuple[Spec, ...] = ()
    choose: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _one_source(self) -> ViewSettings:
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


class OptimizerSettings(_Settings):
    """AdamW with a linear warm-up over the fraction ``warmup`` of all steps, then a cosine to 0."""

    lr: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=0.01, ge=0)
    warmup: float = Field(default=0.1, ge=0, lt=1)


class TrainerSettings(_Settings):
    """How long and on what is trained; names and values are Lightning's.

    Attributes:
        epochs: how often the training events are gone through.
        accelerator: Lightning's name of the device.
        precision: Lightning's name of the number format.
        gradient_clip: the largest norm of the gradient.
        checkpoint_minutes: a checkpoint is written so often, besides that at the end of each epoch.
    """

    epochs: int = Field(default=20, ge=1)
    accelerator: str = "auto"
    precision: str = "32-true"
    gradient_clip: float | None = Field(default=1.0, gt=0)
    checkpoint_minutes: float = Field(default=10.0, gt=0)


class ProbeSettings(_Settings):
    """The linear classifier on the frozen representation.

    Attributes:
        views: how many views of each training event it is fitted on; 0 for the plain events.
        inverse_penalty: scikit-learn's ``C`` of the logistic regression.
    """

    views: int = Field(default=2, ge=0)
    inverse_penalty: float = Field(default=1.0, gt=0)


class Settings(_Settings):
    """All settings of a training run.

    Attributes:
        title: the headline of the report.
        notes: what a reader of the report must know about the data.
        schema_source: the key ``schema``: a registered schema's name, a YAML file, or a mapping.
        data: what is read and how it is fed.
        views: how views are made.
        encoder: the encoder.
        edges: other edges than those that the encoder asks for by itself.
        method: the training method.
        optimizer: the optimiser.
        trainer: how long and on what is trained.
        probe: the read-out of methods that do not classify by themselves.
        seed: the seed of everything random.
        out: the folder of the run.
    """

    title: str = "hitclr training run"
    notes: tuple[str, ...] = ()
    schema_source: str | dict[str, Any] = Field(alias="schema")
    data: DataSettings
    views: ViewSettings = ViewSettings()
    encoder: Spec = Spec(name="graph-convnext")
    edges: Spec | None = None
    method: Spec = Spec(name="contrastive")
    optimizer: OptimizerSettings = OptimizerSettings()
    trainer: TrainerSettings = TrainerSettings()
    probe: ProbeSettings = ProbeSettings()
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


_DEFAULT_NAMES = {
    key: info.default.name
    for key, info in Settings.model_fields.items()
    if isinstance(info.default, Spec)
}
"""What an override such as ``encoder.size=tiny`` is of, where the settings name no encoder."""


def load_settings(path: Path, overrides: Sequence[str] = ()) -> Settings:
    """Read a YAML settings file and apply overrides such as ``trainer.epochs=5``.

    Args:
        path: the file.
        overrides: ``dotted.key=value``; the value is read as YAML, a number in the key is a place
            in a list.

    Raises:
        SettingsError: the file cannot be read, an override has no ``=`` or leads nowhere, or the
            result is not valid.
    """
    content = read_mapping(path, "the settings file", "schema: ..., data: ...", SettingsError)
    return override_settings(content, overrides, where=str(path))


def override_settings(
    content: Mapping[str, Any], overrides: Sequence[str], *, where: str = "the settings"
) -> Settings:
    """Apply overrides such as ``trainer.epochs=5`` to a mapping and validate it.

    Raises:
        SettingsError: an override has no ``=`` or leads nowhere, or the result is not valid.
    """
    changed = copy.deepcopy(dict(content))
    for override in overrides:
        _override(changed, override)
    return make_settings(changed, where=where)


def _override(content: Any, override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key:
        message = f"expected an override like trainer.epochs=5, got {override!r}"
        raise SettingsError(message)
    try:
        value = read_yaml(text)
    except yaml.YAMLError as error:
        message = f"override {override!r}: the value is not valid YAML: {error}"
        raise SettingsError(message) from error
    *path, last = key.split(".")
    place = content
    for number, part in enumerate(path):
        if isinstance(place, dict):
            inner = place.get(part)
            if path[:2] == ["data", "samples"] and number == 2 and not isinstance(inner, dict):
                place[part] = {} if inner is None else {"files": inner}  # `track: track.root`
            elif isinstance(inner, str):  # `encoder: name`
                place[part] = {"name": inner}
            elif number == 0 and inner is None and part in _DEFAULT_NAMES:
                place[part] = {"name": _DEFAULT_NAMES[part]}
            place = place.setdefault(part, {})
        elif isinstance(place, list) and part.isdigit() and int(part) < len(place):
            place = place[int(part)]
        else:
            message = f"override {override!r}: {'.'.join(path[: number + 1])} leads nowhere"
            raise SettingsError(message)
    if isinstance(place, dict):
        place[last] = value
    elif isinstance(place, list) and last.isdigit() and int(last) < len(place):
        place[int(last)] = value
    else:
        message = f"override {override!r}: {key} leads nowhere"
        raise SettingsError(message)
