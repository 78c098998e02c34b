"""The cells of a study: which trainings there are, and the settings of each."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hitclr.config import Settings, StudySettings, make_settings
from hitclr.errors import SettingsError, did_you_mean
from hitclr.plugins import Plugins
from hitclr.runs.study.inputs import Inputs

__all__ = ["CELLS", "PlannedCell", "cell_settings", "plan_cells"]

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
    """

    method: str
    domain: str
    target: str | None
    seed: int

    @property
    def name(self) -> str:
        """Its folder.

        >>> PlannedCell("dann", "kept-50", "kept-0", 1).name
        'dann/kept-50/to-kept-0/seed-1'
        """
        towards = [] if self.target is None else [f"to-{self.target}"]
        return "/".join([self.method, self.domain, *towards, f"seed-{self.seed}"])


def plan_cells(study: StudySettings, inputs: Inputs) -> tuple[PlannedCell, ...]:
    """All cells, seed by seed, so that a study that is cut short has every method.

    Raises:
        SettingsError: a target is not among the throws, or has no events to be adapted to.
    """
    cells = []
    for seed in study.seeds:
        for domain in study.domains:
            for name, method in study.methods.items():
                if method.domains is not None and domain not in method.domains:
                    continue
                if method.target is None:
                    cells.append(PlannedCell(name, domain, None, seed))
                    continue
                wanted = inputs.throws if method.target == "each" else method.target
                for target in wanted:
                    _require_target(name, target, inputs)
                    cells.append(PlannedCell(name, domain, target, seed))
    return tuple(cells)


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
    study: StudySettings, cell: PlannedCell, inputs: Inputs, plugins: Plugins, out: Path
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

    Raises:
        SettingsError: they are not valid.
    """
    method = study.methods[cell.method]
    content = _merged(study.settings, method.settings)
    data = content.setdefault("data", {})
    samples = {cell.domain: inputs.domains[cell.domain].sample("split")}
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
    settings = make_settings(content, where=f"the cell {cell.name}")
    needs = plugins.methods.get(settings.method.name).needs
    if needs.target != "all" and cell.target is None:
        message = (
            f"methods.{cell.method}: the method {settings.method.name!r} is adapted to a target: "
            f"give `target: each`, or a list of throws"
        )
        raise SettingsError(message)
    return settings


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Both, and where both have a key the second, unless both have a mapping there."""
    made = copy.deepcopy(dict(one))
    for key, value in other.items():
        if isinstance(value, Mapping) and isinstance(made.get(key), Mapping):
            made[key] = _merged(made[key], value)
        else:
            made[key] = copy.deepcopy(value)
    return made
