"""All settings of a study, validated."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from hitclr.config.base import SettingsBase, Spec
from hitclr.config.load import read_override, set_key
from hitclr.config.study_checks import (
    named_throws,
    require_list,
    require_name,
    require_once,
    require_study,
)
from hitclr.errors import SettingsError, did_you_mean
from hitclr.io import LabelRule
from hitclr.validation import explain, read_mapping

__all__ = [
    "DataSource",
    "ShiftSettings",
    "SimulationSettings",
    "StudyMethod",
    "StudySettings",
    "ThrowSource",
    "load_study",
]


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
        throws: instead, several throws, each with an equal share of the training events and a
            sample of its own, for methods that compare them: a list of throws of the detector, or
            by name what is above.
    """

    files: tuple[str, ...] | None = Field(default=None, min_length=1)
    label: str | LabelRule | None = None
    throw: str = "nominal"
    set: dict[str, float] = Field(default={})
    throws: dict[str, DataSource] | None = Field(default=None, min_length=2)

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

    @field_validator("throws", mode="before")
    @classmethod
    def _by_their_own_names(cls, value: Any) -> Any:
        """A list of throws: each is called as the detector calls it."""
        return named_throws(value)

    @model_validator(mode="after")
    def _one_source(self) -> DataSource:
        if self.files is not None and self.model_fields_set & {"throw", "set"}:
            message = "expected files, or a throw of the detector, got both"
            raise ValueError(message)
        if self.throws is None:
            return self
        if self.model_fields_set & {"files", "label", "throw", "set"}:
            message = "throws: expected several throws, or one, got both"
            raise ValueError(message)
        for name, source in self.throws.items():
            require_name("throws", name)
            if source.throws is not None:
                message = f"throws.{name}: expected one throw, got several"
                raise ValueError(message)
        return self

    @property
    def parts(self) -> tuple[DataSource, ...]:
        """Its throws; itself where it is one."""
        return (self,) if self.throws is None else tuple(self.throws.values())


class ThrowSource(DataSource):
    """Where the events of a throw come from, to test with.

    Attributes:
        target: other files of this throw, for methods that see the target without its labels.
        shift: the shift that it belongs to; without it, that whose parameters are the only ones in
            which it differs from the nominal throw.
    """

    target: tuple[str, ...] | None = Field(default=None, min_length=1)
    shift: str | None = None

    @field_validator("target", mode="before")
    @classmethod
    def _one_target_file(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_throw(self) -> ThrowSource:
        if self.throws is not None:
            message = "throws: a throw to test on is one throw; only training domains have several"
            raise ValueError(message)
        return self


class ShiftSettings(SettingsBase):
    """A way in which the detector may change, and what of the training shows it.

    Attributes:
        parameters: of the detector, that change in it. Where the shift is left out, re-simulated
            views do not vary them, and throws of a training domain that differ in them are not
            trained on.
        views: the augmentations that imitate it; where it is left out, so are they.
    """

    parameters: tuple[str, ...] = ()
    views: tuple[str, ...] = ()

    @field_validator("parameters", "views", mode="before")
    @classmethod
    def _one_name(cls, value: Any) -> Any:
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
        seeds: those of the study's seeds that it is trained with; all without.
        leave_out: the shifts that are left out of what it is trained with, each in a training of
            its own, besides the one with all: ``each``, or their names.
        begin_with: another method of the study whose encoder it begins with: that of the training
            with the same domain, seed, target and left-out shift. ``settings.pretrained.train``
            says which of its weights are trained further; all without.
    """

    method: Spec
    settings: dict[str, Any] = Field(default={})
    target: Literal["each"] | tuple[str, ...] | None = None
    domains: tuple[str, ...] | None = None
    seeds: tuple[int, ...] | None = None
    leave_out: Literal["each"] | tuple[str, ...] | None = None
    begin_with: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"method": value} if isinstance(value, str) else value

    @field_validator("target", "domains", "seeds", "leave_out", mode="before")
    @classmethod
    def _a_list(cls, value: Any, info: ValidationInfo) -> Any:
        key = str(info.field_name)
        each = key in ("target", "leave_out")
        if value is not None and not (each and value == "each"):
            require_list(key, value, each=each)
        return value

    @field_validator("target", "domains", "seeds", "leave_out")
    @classmethod
    def _each_once(cls, value: Any) -> Any:
        """So that no training is planned twice."""
        if isinstance(value, tuple):
            require_once(value)
        return value


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
        shifts: ways in which the detector may change, by name, to be left out of trainings.
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
    shifts: dict[str, ShiftSettings] = Field(default={})
    settings: dict[str, Any] = Field(default={})
    methods: dict[str, StudyMethod] = Field(min_length=1)
    seeds: tuple[int, ...] = (1, 2, 3)

    @field_validator("domains", "throws", mode="before")
    @classmethod
    def _by_their_own_names(cls, value: Any) -> Any:
        """A list of throws: each is called as the detector calls it."""
        return named_throws(value)

    @field_validator("seeds", mode="before")
    @classmethod
    def _a_list(cls, value: Any) -> Any:
        require_list("seeds", value)
        return value

    @field_validator("seeds")
    @classmethod
    def _each_once(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        require_once(value)
        return value

    @model_validator(mode="after")
    def _fits(self) -> StudySettings:
        require_study(self)
        return self

    def seeds_of(self, method: StudyMethod) -> tuple[int, ...]:
        """The seeds that a method is trained with, in the study's order."""
        return tuple(seed for seed in self.seeds if method.seeds is None or seed in method.seeds)

    def domains_of(self, method: StudyMethod) -> tuple[str, ...]:
        """What a method is trained on, in the study's order."""
        return tuple(d for d in self.domains if method.domains is None or d in method.domains)

    def left_out_of(self, method: StudyMethod) -> tuple[str, ...]:
        """The shifts that are left out of a method's trainings."""
        return tuple(self.shifts) if method.leave_out == "each" else method.leave_out or ()

    def plain(self) -> dict[str, Any]:
        """The settings as plain values, as a YAML file would hold them."""
        return self.model_dump(mode="json", exclude_none=True)


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
