"""All settings of a study, validated."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from hitclr.config.base import SettingsBase, Spec
from hitclr.config.load import read_override, set_key
from hitclr.errors import SettingsError, did_you_mean
from hitclr.io import LabelRule
from hitclr.validation import explain, read_mapping

__all__ = [
    "DataSource",
    "SimulationSettings",
    "StudyMethod",
    "StudySettings",
    "ThrowSource",
    "load_study",
]


_NOT_IN_NAMES = frozenset("/\\:*?[]\0\n\t")


class SimulationSettings(SettingsBase):
    """The events that a study simulates: three productions that share no event.

    Attributes:
        train: how many events to train on, under each throw that is trained on.
        test: how many to test with, under each throw.
        target: how many of a target domain, for the methods that see one; as ``train`` without.
        seed: of the particles and of the detector.
        particles: the classes of particles; those of the detector's beam without.
        energy: the range of their kinetic energy in MeV; that of the detector's beam without.
    """

    train: int = Field(ge=1)
    test: int = Field(ge=1)
    target: int | None = Field(default=None, ge=1)
    seed: int = Field(default=1, ge=0)
    particles: tuple[str, ...] | None = None
    energy: tuple[float, float] | None = None


class DataSource(SettingsBase):
    """Where the events of a training domain come from: files, or the study's detector.

    Attributes:
        files: ROOT files or globs, relative to the study's file.
        label: the class of all events, or the rule for it, as in ``data.samples``.
        throw: a named throw of the detector, to simulate; the nominal one without.
        set: parameters of the detector that differ from it.
    """

    files: tuple[str, ...] | None = Field(default=None, min_length=1)
    label: str | LabelRule | None = None
    throw: str = "nominal"
    set: dict[str, float] = Field(default={})

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        """``kept-25`` is a throw, a list of names are files."""
        if isinstance(value, str):
            return {"throw": value}
        return {"files": value} if isinstance(value, (list, tuple)) else value

    @field_validator("files", mode="before")
    @classmethod
    def _one_file(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_source(self) -> DataSource:
        if self.files is not None and self.model_fields_set & {"throw", "set"}:
            message = "expected files, or a throw of the detector, got both"
            raise ValueError(message)
        return self


class ThrowSource(DataSource):
    """Where the events of a throw come from, to test with.

    Attributes:
        target: other files of this throw, for methods that see the target without its labels.
    """

    target: tuple[str, ...] | None = Field(default=None, min_length=1)

    @field_validator("target", mode="before")
    @classmethod
    def _one_target_file(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


class StudyMethod(SettingsBase):
    """A line of the comparison.

    Attributes:
        method: the registered method, with options.
        settings: what differs from the study's settings, such as ``{views: {choose: 2}}``. What is
            a mapping in both is merged; all else is replaced.
        target: the throws that are a target domain, each in a training of its own: ``each`` for
            all, or their names. Nothing for methods that do not see a target.
        domains: the training domains; all without.
    """

    method: Spec
    settings: dict[str, Any] = Field(default={})
    target: Literal["each"] | tuple[str, ...] | None = None
    domains: tuple[str, ...] | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"method": value} if isinstance(value, str) else value


class StudySettings(SettingsBase):
    """All settings of a study: methods x training domains x test throws x seeds.

    Attributes:
        title: the headline of the report.
        notes: what a reader of the report must know.
        detector: the registered detector that simulates the events.
        simulation: how many; with ``detector``.
        domains: what is trained on, by name.
        throws: what is tested on, by name; ``all`` for all named throws of the detector.
        nominal: the throw that the others are compared with; the first one without.
        settings: of ``hitclr train``, shared by all methods; without samples, method, seed and out.
        methods: the lines of the comparison, by name.
        seeds: each is a training of its own.
    """

    title: str = "hitclr study"
    notes: tuple[str, ...] = ()
    detector: str | None = None
    simulation: SimulationSettings | None = None
    domains: dict[str, DataSource] = Field(min_length=1)
    throws: Literal["all"] | dict[str, ThrowSource] = Field(min_length=1)
    nominal: str | None = None
    settings: dict[str, Any] = Field(default={})
    methods: dict[str, StudyMethod] = Field(min_length=1)
    seeds: tuple[int, ...] = Field(default=(1, 2, 3), min_length=1)

    @field_validator("domains", "throws", mode="before")
    @classmethod
    def _by_their_own_names(cls, value: Any) -> Any:
        """A list of throws: each is called as the detector calls it."""
        if isinstance(value, (list, tuple)):
            return {name: name for name in value}
        return value

    @model_validator(mode="after")
    def _fits(self) -> StudySettings:
        sources: dict[str, DataSource] = dict(self.domains)
        throws = {} if self.throws == "all" else self.throws
        sources.update({f"throws.{name}": source for name, source in throws.items()})
        simulated = [name for name, source in sources.items() if source.files is None]
        if (simulated or self.throws == "all") and (
            self.detector is None or self.simulation is None
        ):
            what = ", ".join(simulated) or "throws: all"
            message = (
                f"{what}: without files, events are simulated, which takes `detector: NAME` and "
                f"`simulation: {{train: ..., test: ...}}`"
            )
            raise ValueError(message)
        for kind in ("domains", "throws", "methods"):
            for name in getattr(self, kind) if self.throws != "all" or kind != "throws" else ():
                if not name.strip() or name.startswith(".") or set(name) & _NOT_IN_NAMES:
                    message = (
                        f"{kind}: {name!r} cannot be a name, as files are called by it: take one "
                        f"that does not begin with a dot and has none of / \\ : * ? [ ]"
                    )
                    raise ValueError(message)
        if len(set(self.seeds)) < len(self.seeds):
            message = f"seeds: one stands twice in {list(self.seeds)}"
            raise ValueError(message)
        taken = {"data.samples", "data.target", "method", "seed", "out", "title", "notes"}
        for key in sorted(_dotted(self.settings) & taken):
            message = f"settings.{key}: the study sets it by itself; take it out"
            raise ValueError(message)
        for name, method in self.methods.items():
            for key in sorted(_dotted(method.settings) & taken):
                message = f"methods.{name}.settings.{key}: the study sets it by itself; take it out"
                raise ValueError(message)
            for domain in method.domains or ():
                if domain not in self.domains:
                    message = f"methods.{name}.domains: no domain is called {domain!r}. "
                    message += did_you_mean(domain, list(self.domains))
                    raise ValueError(message)
        return self

    def plain(self) -> dict[str, Any]:
        """The settings as plain values, as a YAML file would hold them."""
        return self.model_dump(mode="json", exclude_none=True)


def _dotted(settings: Mapping[str, Any]) -> set[str]:
    """The keys of the first two levels."""
    inner = {
        f"{key}.{name}"
        for key, value in settings.items()
        if isinstance(value, Mapping)
        for name in value
    }
    return {*settings, *inner}


def load_study(
    path: Path, overrides: Sequence[str] = (), *, size: str | None = None
) -> StudySettings:
    """Read a YAML study file.

    Args:
        path: the file. It may have ``sizes: {small: {seeds: [1], simulation.train: 500}}``: named
            sets of overrides.
        overrides: ``dotted.key=value``, after those of the size.
        size: the set to apply.

    Raises:
        SettingsError: the file cannot be read, there is no such size, an override leads nowhere,
            or the result is not valid.
    """
    content = read_mapping(path, "the study file", "domains: ..., throws: ...", SettingsError)
    sizes = content.pop("sizes", {})
    if not isinstance(sizes, Mapping) or not all(
        isinstance(one, Mapping) for one in sizes.values()
    ):
        message = f"{path}: sizes: expected named sets of overrides, such as small: {{seeds: [1]}}"
        raise SettingsError(message)
    if size is not None:
        if size not in sizes:
            message = f"{path} has no size {size!r}. {did_you_mean(size, list(sizes))}"
            raise SettingsError(message)
        for key, value in sizes[size].items():
            set_key(content, key, copy.deepcopy(value))
    for text in overrides:
        set_key(content, *read_override(text))
    try:
        return StudySettings.model_validate(content)
    except ValidationError as error:
        message = f"{path}: not valid:\n{explain(error, StudySettings)}"
        raise SettingsError(message) from error
