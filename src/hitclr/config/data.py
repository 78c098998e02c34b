"""What is read, how it is divided, and how it is fed."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from hitclr.config.base import SettingsBase
from hitclr.config.reweight import ReweightSettings
from hitclr.errors import did_you_mean
from hitclr.io import FeedKind, LabelRule, Policy, Use

__all__ = ["DataSettings", "SampleSettings", "SplitSettings"]

_STREAM_BUFFER = 2**14


class SampleSettings(SettingsBase):
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


class SplitSettings(SettingsBase):
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


class DataSettings(SettingsBase):
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
        reweight: how events are weighted, for methods that weigh events.
        target: the samples of the target domain, to which a model is to be adapted. Training sees
            none of their labels (but for a method such as ``oracle``, which is there for that);
            their test events are scored. Without it, the samples with ``labelled: false``.
    """

    samples: dict[str, SampleSettings] = Field(min_length=1)
    classes: tuple[str, ...] | None = None
    on_bad_input: Policy = "raise"
    split: SplitSettings = SplitSettings()
    batch_size: int = Field(default=256, ge=2)
    num_workers: int = Field(default=0, ge=0)
    feed: FeedKind = "memory"
    cache: str | None = None
    shuffle_buffer: int | None = Field(default=None, ge=2)
    threads: int = Field(default=2, ge=1)
    reweight: ReweightSettings | None = None
    target: tuple[str, ...] | None = None

    @field_validator("target", mode="before")
    @classmethod
    def _one_target(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _known_target(self) -> DataSettings:
        for name in self.target or ():
            if name not in self.samples:
                message = f"target: no sample is called {name!r}. " + did_you_mean(
                    name, list(self.samples)
                )
                raise ValueError(message)
            if self.samples[name].use in ("views", "test"):
                message = (
                    f"target: the sample {name!r} has `use: {self.samples[name].use}`, so no event "
                    f"of it is trained on; take `use: split` or `use: train`"
                )
                raise ValueError(message)
        return self

    @property
    def targets(self) -> tuple[str, ...]:
        """The samples of the target domain."""
        if self.target is not None:
            return self.target
        return tuple(name for name, sample in self.samples.items() if not sample.labelled)

    @property
    def buffer(self) -> int | None:
        """How many events the order needs at a time; None for any number."""
        if self.shuffle_buffer is None and self.feed == "stream":
            return _STREAM_BUFFER
        return self.shuffle_buffer
