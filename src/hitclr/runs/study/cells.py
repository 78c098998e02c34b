"""The cells of a study: which trainings there are, and the settings of each."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hitclr.build import build_method, build_schema, spell_out_schema, spell_out_views
from hitclr.config import Settings, StudySettings, ViewSettings, make_settings
from hitclr.errors import SettingsError, did_you_mean
from hitclr.plugins import Plugins
from hitclr.runs.folder import MODEL, absolute_settings
from hitclr.runs.study.inputs import Inputs, common_values, training_samples
from hitclr.runs.study.shifts import (
    parts_without,
    require_parameters,
    require_views,
    views_without,
)

__all__ = [
    "CELLS",
    "Modelled",
    "PlannedCell",
    "cell_settings",
    "modelled_shifts",
    "plan_cells",
]

CELLS = "cells"
"""The folder of the cells in that of the study."""

_VALIDATION = 0.1


@dataclass(frozen=True)
class PlannedCell:
    """One training.

    Attributes:
        method: its line in the comparison.
        domain: what it is trained on.
        target: the throw whose events it sees without their labels; None for none.
        seed: the seed.
        left_out: the shift that is left out of its training; None for none.
        begins_with: the training whose encoder it begins with; None for an encoder of its own.
    """

    method: str
    domain: str
    target: str | None
    seed: int
    left_out: str | None = None
    begins_with: PlannedCell | None = None

    @property
    def name(self) -> str:
        """Its folder.

        >>> PlannedCell("dann", "kept-50", "kept-0", 1).name
        'dann/kept-50/to-kept-0/seed-1'
        >>> PlannedCell("joint", "kept-50", None, 1, "threshold").name
        'joint/kept-50/without-threshold/seed-1'
        """
        ways = [] if self.target is None else [f"to-{self.target}"]
        ways += [] if self.left_out is None else [f"without-{self.left_out}"]
        return "/".join([self.method, self.domain, *ways, f"seed-{self.seed}"])


Modelled = Mapping[tuple[str, str], frozenset[str]]
"""By method and training domain the shifts that the training shows something of."""


def plan_cells(
    study: StudySettings, inputs: Inputs, modelled: Modelled | None = None
) -> tuple[PlannedCell, ...]:
    """All cells, seed by seed, so that a study that is cut short has every method.

    A shift that the training shows nothing of anyway is not left out in a training of its own.

    Args:
        study: the settings of the study.
        inputs: the files.
        modelled: of `modelled_shifts`, where the study has shifts.

    Raises:
        SettingsError: a target is not among the throws, or has no events to be adapted to.
    """
    shown = modelled or {}
    cells = []

    def add(name: str, domain: str, target: str | None, seed: int, shift: str | None) -> None:
        first = study.methods[name].begin_with
        begins_with = None
        if first is not None:
            seen = None if study.methods[first].target is None else target
            without = shift if shift in shown.get((first, domain), ()) else None
            begins_with = PlannedCell(first, domain, seen, seed, without)
        cells.append(PlannedCell(name, domain, target, seed, shift, begins_with))

    for seed in study.seeds:
        for domain in study.domains:
            for name, method in study.methods.items():
                if domain not in study.domains_of(method) or seed not in study.seeds_of(method):
                    continue
                if method.target is None:
                    add(name, domain, None, seed, None)
                    for shift in study.left_out_of(method):
                        if shift in shown.get((name, domain), ()):
                            add(name, domain, None, seed, shift)
                    continue
                wanted = inputs.throws if method.target == "each" else method.target
                for target in wanted:
                    _require_target(name, target, inputs)
                    add(name, domain, target, seed, None)
    return tuple(cells)


def modelled_shifts(
    study: StudySettings, inputs: Inputs, plugins: Plugins, out: Path, *, base: Path
) -> Modelled:
    """Which shifts each method's training shows something of: its views, or the throws in it.

    Methods that see a target are not among them. What a method begins with shows its training what
    it was shown itself.

    Args:
        study: the settings of the study.
        inputs: the files.
        plugins: the registries.
        out: the folder of the study.
        base: the folder that relative file names start from.

    Raises:
        SettingsError: a shift names a parameter or an augmentation that is not there, or leaves
            nothing to train with.
    """
    if not study.shifts:
        return {}
    if study.detector is not None:
        require_parameters(study.shifts, plugins.detectors.get(study.detector))
    found: dict[tuple[str, str], frozenset[str]] = {}
    seen: set[str] = set()
    for cell in plan_cells(_one_seed(study), inputs):
        whole = cell_settings(study, cell, inputs, plugins, out, base=base)
        seen.update(one.name for one in whole.views.augmentations)
        if cell.target is not None:
            continue
        looks = _looks_at_views(whole, plugins, base)
        shown = set()
        for shift in study.shifts:
            without = cell_settings(
                study, replace(cell, left_out=shift), inputs, plugins, out, base=base
            )
            hits = looks and without.views != whole.views
            if hits or without.data.samples != whole.data.samples:
                shown.add(shift)
            views = without.views
            empty = not (views.augmentations or views.resimulate or views.pair)
            if hits and empty and shift in study.left_out_of(study.methods[cell.method]):
                message = (
                    f"methods.{cell.method}.leave_out: without the shift {shift!r} there are no "
                    f"views left\n  what to do: give views that imitate no shift, too"
                )
                raise SettingsError(message)
        found[cell.method, cell.domain] = frozenset(shown)
    require_views(study.shifts, seen)
    for (method, domain), own in list(found.items()):
        first = study.methods[method].begin_with
        if first is not None:
            found[method, domain] = own | found.get((first, domain), frozenset())
    return found


def _one_seed(study: StudySettings) -> StudySettings:
    """The study with each method once for all seeds."""
    methods = {
        name: method.model_copy(update={"seeds": None}) for name, method in study.methods.items()
    }
    return study.model_copy(update={"seeds": study.seeds[:1], "methods": methods})


def _looks_at_views(settings: Settings, plugins: Plugins, base: Path) -> bool:
    """Whether the method trains on augmented views; it may depend on its options."""
    schema = build_schema(settings, plugins, base)
    classes = max(2, len(settings.data.classes or ()))
    features = len(schema.features)
    return build_method(
        settings, plugins, num_features=features, num_classes=classes
    ).needs.augmented


def _require_target(method: str, target: str, inputs: Inputs) -> None:
    if target not in inputs.throws:
        message = f"methods.{method}.target: no throw is called {target!r}. "
        message += did_you_mean(target, list(inputs.throws))
        raise SettingsError(message)
    if target not in inputs.targets:
        message = (
            f"methods.{method}.target: there are no events of {target!r} but those that are tested "
            f"with\n  what to do: name other files of it, `target: FILES` beside its `files`"
        )
        raise SettingsError(message)


def cell_settings(
    study: StudySettings,
    cell: PlannedCell,
    inputs: Inputs,
    plugins: Plugins,
    out: Path,
    *,
    base: Path,
) -> Settings:
    """The settings of the training of a cell.

    Its samples are the domain, divided into training and validation, the target where there is
    one, and the throws that it is scored on.

    Args:
        study: the settings of the study.
        cell: the cell.
        inputs: the files.
        plugins: the registries.
        out: the folder of the study.
        base: the folder that relative file names start from.

    Raises:
        SettingsError: they are not valid.
    """
    method = study.methods[cell.method]
    content = _merged(study.settings, method.settings)
    data = content.setdefault("data", {})
    parts = inputs.domains[cell.domain]
    shift = None if cell.left_out is None else study.shifts[cell.left_out]
    if shift is not None:
        middle = inputs.throws[inputs.nominal].values
        parts = parts_without(cell.domain, parts, str(cell.left_out), shift, middle)
    events = None if study.simulation is None else study.simulation.train
    samples = training_samples(parts, events)
    if cell.target is not None:
        name = f"{cell.target} (target)"
        samples[name] = inputs.targets[cell.target].sample("split")
        data["target"] = [name]
    scored = inputs.throws if cell.target is None else [cell.target]
    for throw in scored:
        samples[f"{throw} (test)"] = inputs.throws[throw].sample("test")
    data["samples"] = samples
    data["split"] = {"validation": _VALIDATION, **data.get("split", {}), "test": 0.0}
    data.setdefault("feed", "mapped")
    data.setdefault("cache", str(out / "cache"))
    if inputs.schema is not None:
        content.setdefault("schema", inputs.schema)
    if inputs.classes and "classes" not in data:
        data["classes"] = list(inputs.classes)
    resimulate = (content.get("views") or {}).get("resimulate")
    if isinstance(resimulate, dict):
        resimulate.setdefault("detector", study.detector)
        if inputs.deposits is not None:
            resimulate.setdefault("deposits", [str(inputs.deposits)])
    content.update(
        title=f"{study.title}: {cell.name}",
        method=method.method.model_dump(),
        seed=cell.seed,
        out=str(out / CELLS / cell.name),
    )
    if cell.begins_with is not None:
        model = out / CELLS / cell.begins_with.name / MODEL
        content["pretrained"] = {**(content.get("pretrained") or {}), "checkpoint": str(model)}
    made = make_settings(content, where=f"the cell {cell.name}")
    made = make_settings(absolute_settings(made.plain(), base), where=f"the cell {cell.name}")
    settings = spell_out_schema(spell_out_views(made, plugins), plugins, base)
    views = _as_in_domain(settings.views, common_values(inputs.domains[cell.domain]), plugins)
    if shift is not None:
        views = views_without(views, shift, _parameters(settings, plugins))
    settings = settings.model_copy(update={"views": views})
    needs = plugins.methods.get(settings.method.name).needs
    if needs.target != "all" and cell.target is None:
        message = (
            f"methods.{cell.method}: the method {settings.method.name!r} is adapted to a target: "
            f"give `target: each`, or a list of throws"
        )
        raise SettingsError(message)
    return settings


def _as_in_domain(
    views: ViewSettings, values: Mapping[str, float], plugins: Plugins
) -> ViewSettings:
    """Views that are made anew as the training events were, but for what is drawn.

    Args:
        views: the settings.
        values: of the detector's parameters in the training domain.
        plugins: the registries.
    """
    resimulate = views.resimulate
    if resimulate is None or resimulate.vary is None:
        return views
    given = resimulate.vary
    drawn = dict(given) if isinstance(given, dict) else dict.fromkeys(given)
    known = {one.name: one for one in plugins.detectors.get(resimulate.detector).parameters}
    changed = {
        name: (value, value)
        for name, value in values.items()
        if name in known and name not in drawn and value != known[name].nominal
    }
    if not changed or not {*drawn} <= {*known}:  # a name that is not there is told of elsewhere
        return views
    ends = {name: own or (known[name].low, known[name].high) for name, own in drawn.items()}
    made = resimulate.model_copy(update={"vary": {**ends, **changed}})
    return views.model_copy(update={"resimulate": made})


def _parameters(settings: Settings, plugins: Plugins) -> tuple[str, ...]:
    """All parameters of the detector that makes views anew; none where nothing does."""
    resimulate = settings.views.resimulate
    if resimulate is None:
        return ()
    return tuple(one.name for one in plugins.detectors.get(resimulate.detector).parameters)


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Both, and where both have a key the second, unless both have a mapping there."""
    made = copy.deepcopy(dict(one))
    for key, value in other.items():
        if isinstance(value, Mapping) and isinstance(made.get(key), Mapping):
            made[key] = _merged(made[key], value)
        else:
            made[key] = copy.deepcopy(value)
    return made
