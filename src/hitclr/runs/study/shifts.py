"""Shifts of a study: which throws belong to them, and what a training is without one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hitclr.config import ShiftSettings, StudySettings, ViewSettings
from hitclr.detectors import Detector
from hitclr.errors import SettingsError, did_you_mean
from hitclr.runs.study.inputs import InputFiles, Inputs

__all__ = ["parts_without", "require_parameters", "require_views", "shift_throws", "views_without"]


def shift_throws(study: StudySettings, inputs: Inputs) -> dict[str, tuple[str, ...]]:
    """The throws of each shift.

    A throw belongs to the shift that the study file gives it; else to that whose parameters are
    the only ones in which it differs from the nominal throw; a throw in which several shifts come
    together belongs to none.

    Raises:
        SettingsError: a shift has no throw.
    """
    given = {} if study.throws == "all" else study.throws
    middle = inputs.throws[inputs.nominal].values
    found: dict[str, list[str]] = {name: [] for name in study.shifts}
    for name, throw in inputs.throws.items():
        own = given[name].shift if name in given else None
        changed = _changed(throw.values, middle)
        if own is None and changed:
            own = next((s for s, one in study.shifts.items() if changed <= {*one.parameters}), None)
        if own is not None:
            found[own].append(name)
    for shift, throws in found.items():
        if not throws:
            message = (
                f"shifts.{shift}: no throw belongs to it\n  what to do: test on a throw that "
                f"differs from {inputs.nominal} in its parameters and no others, or say `shift: "
                f"{shift}` beside the files of a throw"
            )
            raise SettingsError(message)
    return {shift: tuple(throws) for shift, throws in found.items()}


def _changed(values: Mapping[str, float], middle: Mapping[str, float]) -> set[str]:
    """The parameters that differ; none where the values are not known."""
    return {key for key in middle if key in values and values[key] != middle[key]}


def require_parameters(shifts: Mapping[str, ShiftSettings], detector: Detector) -> None:
    """Check that the detector has the parameters of the shifts.

    Raises:
        SettingsError: it has not; the message has the nearest names.
    """
    for name, shift in shifts.items():
        for parameter in shift.parameters:
            try:
                detector.parameter(parameter)
            except SettingsError as error:
                message = f"shifts.{name}.parameters: {error}"
                raise SettingsError(message) from error


def require_views(shifts: Mapping[str, ShiftSettings], known: Iterable[str]) -> None:
    """Check that the views of the shifts are among the augmentations of the study.

    Raises:
        SettingsError: one is not, so that nothing would be left out.
    """
    names = sorted(set(known))
    for name, shift in shifts.items():
        for view in shift.views:
            if view not in names:
                message = f"shifts.{name}.views: no method has an augmentation {view!r}. "
                raise SettingsError(message + did_you_mean(view, names))


def views_without(
    views: ViewSettings, shift: ShiftSettings, parameters: Iterable[str]
) -> ViewSettings:
    """Views that show nothing of a shift.

    Args:
        views: with all augmentations spelt out.
        shift: what is left out.
        parameters: all parameters of the detector, which ``resimulate`` varies where it names none.
    """
    kept = tuple(one for one in views.augmentations if one.name not in shift.views)
    made = views.model_copy(update={"augmentations": kept})
    resimulate = views.resimulate
    if resimulate is None:
        return made
    vary = tuple(parameters) if resimulate.vary is None else resimulate.vary
    left: Any
    if isinstance(vary, dict):
        left = {name: ends for name, ends in vary.items() if name not in shift.parameters}
    else:
        left = tuple(name for name in vary if name not in shift.parameters)
    return made.model_copy(update={"resimulate": resimulate.model_copy(update={"vary": left})})


def parts_without(
    domain: str,
    parts: Mapping[str, InputFiles],
    name: str,
    shift: ShiftSettings,
    nominal: Mapping[str, float],
) -> Mapping[str, InputFiles]:
    """The throws of a training domain that differ from the nominal one in other parameters alone.

    A domain of one throw stays as it is; that is nominal, or differs in no parameter of the shift.

    Args:
        domain: its name.
        parts: its throws.
        name: of the shift.
        shift: what is left out.
        nominal: the values of the nominal throw.

    Raises:
        SettingsError: none is left; or the only one differs in a parameter of the shift, so that
            the throws of the shift are not those that are new to the training.
    """
    if len(parts) == 1:
        (part,) = parts.values()
        changed = sorted(_changed(part.values, nominal) & {*shift.parameters})
        if changed:
            message = (
                f"domains.{domain}: expected a throw that is nominal in the parameters of the "
                f"shift {name!r}, got another {', '.join(changed)}: which throws are shifted is "
                f"told from the nominal one\n  what to do: train on the nominal throw, or let "
                f"`nominal` be what is trained on"
            )
            raise SettingsError(message)
        return parts
    kept = {
        key: part
        for key, part in parts.items()
        if not _changed(part.values, nominal) & {*shift.parameters}
    }
    if not kept:
        message = (
            f"domains.{domain}: all of its throws belong to the shift {name!r}, so nothing is left "
            f"to train on without it\n  what to do: add a throw that is nominal there"
        )
        raise SettingsError(message)
    return kept
