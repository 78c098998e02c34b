"""The files of a study: given, or simulated once for all cells."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from hitclr.config import DataSource, StudySettings, ThrowSource
from hitclr.detectors import Detector, Throw
from hitclr.errors import OutputError, SettingsError, did_you_mean
from hitclr.io.files import absolute_name
from hitclr.io.whole_file import write_json
from hitclr.plugins import Plugins
from hitclr.runs.simulate import simulate
from hitclr.runs.simulation_files import throw_file_name
from hitclr.runs.study.locks import locked

__all__ = [
    "InputFiles",
    "Inputs",
    "common_values",
    "plan_inputs",
    "simulate_inputs",
    "training_samples",
]

DATA = "data"
_FIRST = {"train": 0, "target": 10_000_000, "test": 20_000_000}
"""The id of the first event of each production: events of one are in no other."""


@dataclass(frozen=True)
class InputFiles:
    """Files of one throw, and the class of their events.

    Attributes:
        files: absolute names, globs or URLs.
        label: the class of all, or the rule for it, as in ``data.samples``.
        values: the detector's parameters; empty for files of the user's own.
    """

    files: tuple[str, ...]
    label: Any = None
    values: Mapping[str, float] = field(default_factory=dict)

    def sample(self, use: str) -> dict[str, Any]:
        """As in ``data.samples``."""
        made: dict[str, Any] = {"files": list(self.files), "use": use}
        return made if self.label is None else {**made, "label": self.label}


def training_samples(parts: Mapping[str, InputFiles], events: int | None) -> dict[str, Any]:
    """The samples of a training domain, as in ``data.samples``.

    Of several simulated throws each gives its share of the events, others than the rest, so that
    all together are as many as one throw alone would have.

    Args:
        parts: its throws, by the names of the samples.
        events: how many are simulated under each throw.
    """
    samples = {name: part.sample("split") for name, part in parts.items()}
    shared = [name for name, part in parts.items() if part.values]
    if len(parts) == 1 or events is None or len(shared) < 2:
        return samples
    for place, name in enumerate(shared):
        first, end = (events * edge // len(shared) for edge in (place, place + 1))
        samples[name]["entries"] = [first, end]
    return samples


def common_values(parts: Mapping[str, InputFiles]) -> dict[str, float]:
    """The parameters that have one value under all throws of a training domain."""
    every = [part.values for part in parts.values()]
    return {
        key: value for key, value in every[0].items() if all(v.get(key) == value for v in every)
    }


@dataclass(frozen=True)
class Inputs:
    """All files of a study.

    Attributes:
        domains: what is trained on: for each domain its throws, by the names of their samples.
        throws: what is tested on.
        targets: for each throw that can be adapted to, events that are not tested on.
        nominal: the name of the nominal throw.
        schema: the schema of the detector, its name where it is registered; None for a study of
            files.
        classes: the classes of the detector's events; empty for a study of files.
        deposits: the file of true deposits of the training events; None where none is wanted.
        productions: what is to be simulated: for each production the throws.
    """

    domains: Mapping[str, Mapping[str, InputFiles]]
    throws: Mapping[str, InputFiles]
    targets: Mapping[str, InputFiles]
    nominal: str
    schema: str | dict[str, Any] | None = None
    classes: tuple[str, ...] = ()
    deposits: Path | None = None
    productions: Mapping[str, tuple[Throw, ...]] = field(default_factory=dict)


def plan_inputs(study: StudySettings, plugins: Plugins, out: Path, base: Path) -> Inputs:
    """Which files there are or will be.

    Args:
        study: the settings of the study.
        plugins: the registries.
        out: the folder of the study.
        base: the folder that relative file names start from.

    Raises:
        SettingsError: the detector has no such throw or parameter, or the nominal throw is none of
            those that are tested on.
        UnknownNameError: the detector is not registered.
    """
    detector = None if study.detector is None else plugins.detectors.get(study.detector)
    throws = _named_throws(study, detector)
    nominal = study.nominal or next(iter(throws))
    if nominal not in throws:
        message = f"nominal: no throw is called {nominal!r}. {did_you_mean(nominal, list(throws))}"
        raise SettingsError(message)
    productions: dict[str, list[Throw]] = {"train": [], "target": [], "test": []}
    taken: dict[tuple[str, str], str] = {}

    def files(kind: str, name: str, source: DataSource, given: Sequence[str] | None) -> InputFiles:
        if given is not None:
            return InputFiles(tuple(absolute_name(one, base) for one in given), _plain(source))
        called = throw_file_name(name)  # the throw, too: its file is looked for by its name
        throw = _throw(detector, called, source)
        if (kind, called) in taken:
            message = (
                f"two throws to {kind}, {taken[kind, called]!r} and {name!r}, would have one file, "
                f"{called}.root\n  what to do: rename one of them"
            )
            raise SettingsError(message)
        taken[kind, called] = name
        productions[kind].append(throw)
        file = out / DATA / kind / f"{called}.root"
        return InputFiles((str(file),), values=throw.values)

    wanted = _wanted_targets(study, throws)
    domains: dict[str, dict[str, InputFiles]] = {}
    for name, source in study.domains.items():
        if source.throws is None:
            domains[name] = {name: files("train", name, source, source.files)}
            continue
        domains[name] = {
            f"{name}: {part}": files("train", f"{name}--{part}", one, one.files)
            for part, one in source.throws.items()
        }
    tested = {name: files("test", name, source, source.files) for name, source in throws.items()}
    targets = {
        name: files("target", name, source, source.target if source.files else None)
        for name, source in throws.items()
        if name in wanted and (source.files is None or source.target is not None)
    }
    schema: str | dict[str, Any] | None = None
    if detector is not None:
        registered = [entry.name for entry in plugins.schemas if entry.value is detector.schema]
        schema = registered[0] if registered else detector.schema.model_dump(mode="json")
    return Inputs(
        domains,
        tested,
        targets,
        nominal,
        schema,
        _classes(study, detector) if productions["train"] else (),
        out / DATA / "train-deposits.root"
        if _resimulates(study) and productions["train"]
        else None,
        {kind: tuple(made) for kind, made in productions.items() if made},
    )


def _named_throws(study: StudySettings, detector: Detector | None) -> dict[str, ThrowSource]:
    if study.throws != "all":
        return dict(study.throws)
    if detector is None:  # the settings were validated
        message = "throws: all: there is no detector"
        raise SettingsError(message)
    return {throw.name: ThrowSource(throw=throw.name) for throw in detector.throws}


def _throw(detector: Detector | None, name: str, source: DataSource) -> Throw:
    if detector is None:
        message = f"{name}: there are no files, and no detector to simulate them"
        raise SettingsError(message)
    return replace(detector.change(detector.throw(source.throw), source.set), name=name)


def _plain(source: DataSource) -> Any:
    return source.model_dump(mode="json")["label"]


def _wanted_targets(study: StudySettings, throws: Mapping[str, Any]) -> set[str]:
    wanted: set[str] = set()
    for method in study.methods.values():
        wanted |= set(throws if method.target == "each" else method.target or ())
    return wanted


def _classes(study: StudySettings, detector: Detector | None) -> tuple[str, ...]:
    """The classes in the order of the beam."""
    if study.simulation is not None and study.simulation.particles is not None:
        return study.simulation.particles
    return () if detector is None else tuple(detector.beam.particles)


def _resimulates(study: StudySettings) -> bool:
    every = [study.settings, *(method.settings for method in study.methods.values())]
    return any((settings.get("views") or {}).get("resimulate") is not None for settings in every)


def simulate_inputs(
    study: StudySettings,
    inputs: Inputs,
    plugins: Plugins,
    out: Path,
    *,
    processes: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> None:
    """Simulate what is not there yet.

    A production that was interrupted leaves no file, and is made again. If another process makes it
    at the same time, this one waits.

    Args:
        study: the settings of the study.
        inputs: of `plan_inputs`.
        plugins: the registries.
        out: the folder of the study.
        processes: how many processes; one for each core without.
        progress: called with the production, the events done and those to be done.

    Raises:
        SettingsError: the folder has events that were made in another way.
        OutputError: a file cannot be written.
    """
    simulation, name = study.simulation, study.detector
    if simulation is None or name is None:
        return
    detector = plugins.detectors.get(name)
    events = {
        "train": simulation.train,
        "target": simulation.target or simulation.train,
        "test": simulation.test,
    }
    with locked(out / DATA):
        for kind, throws in inputs.productions.items():
            folder = out / DATA / kind
            deposits = inputs.deposits if kind == "train" else None
            recipe = {
                "detector": name,
                "events": events[kind],
                **simulation.model_dump(mode="json", include={"seed", "particles", "energy"}),
            }
            _claim(folder, recipe)
            missing = [throw for throw in throws if not (folder / f"{throw.name}.root").exists()]
            _require_same_values(folder, throws)
            if not missing and (deposits is None or deposits.exists()):
                continue
            make = partial(
                simulate,
                detector,
                events=events[kind],
                seed=simulation.seed,
                first_event=_FIRST[kind],
                particles=simulation.particles,
                energy=simulation.energy,
                deposits=deposits,
                processes=processes,
                progress=None if progress is None else _of(progress, kind),
            )
            if missing:
                make(folder / "{throw}.root", throws=missing)
            else:  # the deposits alone: files that cells were trained on stay what they are
                with tempfile.TemporaryDirectory(dir=folder) as other:
                    make(Path(other) / "{throw}.root", throws=throws[:1])
            _note_values(folder, throws)


def _of(progress: Callable[[str, int, int], None], kind: str) -> Callable[[int, int], None]:
    return lambda done, total: progress(kind, done, total)


def _claim(folder: Path, recipe: Mapping[str, Any]) -> None:
    """Make the folder of a production, or check that it is one of this kind."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        note = folder / "recipe.json"
        if not note.exists():
            write_json(note, recipe)
        old = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        message = f"the folder {folder} cannot be used: {error}"
        raise OutputError(message) from error
    changed = [
        f"  {key}: {old.get(key)!r} -> {recipe[key]!r}"
        for key in recipe
        if old.get(key) != recipe[key]
    ]
    if changed:
        message = (
            f"the events in {folder} were made in another way:\n" + "\n".join(changed) + "\n"
            "  what to do: take the old settings, or another folder (--out)"
        )
        raise SettingsError(message)


def _values_of(throws: Sequence[Throw]) -> dict[str, dict[str, float]]:
    return {throw.name: dict(throw.values) for throw in throws}


def _require_same_values(folder: Path, throws: Sequence[Throw]) -> None:
    """Refuse a throw whose file was made with other values."""
    note = folder / "throws.json"
    old = json.loads(note.read_text(encoding="utf-8")) if note.exists() else {}
    for name, values in _values_of(throws).items():
        if name in old and old[name] != values and (folder / f"{name}.root").exists():
            message = (
                f"{folder / name}.root was made with {old[name]}, the study now says {values}\n"
                f"  what to do: give the throw another name, or take another folder (--out)"
            )
            raise SettingsError(message)


def _note_values(folder: Path, throws: Sequence[Throw]) -> None:
    note = folder / "throws.json"
    old = json.loads(note.read_text(encoding="utf-8")) if note.exists() else {}
    write_json(note, {**old, **_values_of(throws)})
