"""What must hold of the settings of a study besides their types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from hitclr.errors import did_you_mean

if TYPE_CHECKING:
    from hitclr.config.study import DataSource, StudyMethod, StudySettings, ThrowSource

__all__ = [
    "named_throws",
    "require_list",
    "require_name",
    "require_once",
    "require_study",
]

_NOT_IN_NAMES = frozenset("/\\:*?[]\0\n\t")
_MAPPINGS = {
    "data": "{batch_size: 64}",
    "data.split": "{validation: 0.1}",
    "views": "{augmentations: [rotation]}",
}


def require_name(kind: str, name: str) -> None:
    """Refuse a name that no file could have."""
    if not name.strip() or name.startswith(".") or set(name) & _NOT_IN_NAMES:
        message = (
            f"{kind}: {name!r} cannot be a name, as files are called by it: take one "
            f"that does not begin with a dot and has none of / \\ : * ? [ ]"
        )
        raise ValueError(message)


def named_throws(value: Any) -> Any:
    """A list of throws of the detector as a mapping: each is called as the detector calls it."""
    if not isinstance(value, (list, tuple)):
        return value
    if not all(isinstance(name, str) for name in value):
        message = "expected names of throws in the list; to say more of each, take a mapping"
        raise ValueError(message)
    require_once(value)
    return {name: name for name in value}


def require_list(key: str, value: Any, *, each: bool = False) -> None:
    """Refuse what is no list, and a list of none."""
    way = f", or `{key}: each` for all" if each else ""
    if not isinstance(value, (list, tuple)):
        some = value if type(value) in (str, int) else "..."
        message = f"expected a list, such as `{key}: [{some}]`{way}"
        raise ValueError(message)  # noqa: TRY004 - pydantic takes ValueError only
    if not value:
        message = f"expected one or more{way}; or leave `{key}` out"
        raise ValueError(message)


def require_once(values: Sequence[Any]) -> None:
    """Refuse a list that names one twice."""
    for value in values:
        if values.count(value) > 1:
            message = f"{value!r} stands twice; name it once"
            raise ValueError(message)


def require_mappings(where: str, settings: Mapping[str, Any]) -> None:
    """Refuse what is no mapping where the study adds keys of its own."""
    data = settings.get("data", {})
    given = {"data": data, "views": settings.get("views", {})}
    if isinstance(data, Mapping):
        given["data.split"] = data.get("split", {})
    for key, value in given.items():
        if not isinstance(value, Mapping):
            got = "nothing" if value is None else repr(value)
            message = (
                f"{where}.{key}: expected a mapping, such as {_MAPPINGS[key]}, got {got}\n"
                f"  what to do: give it keys, or take it out"
            )
            raise ValueError(message)  # noqa: TRY004 - pydantic takes ValueError only


def require_study(study: StudySettings) -> None:
    """Refuse settings whose parts do not go together.

    Raises:
        ValueError: what is named is not there, or stands where the study sets it by itself; events
            are to be simulated and nothing says of what detector.
    """
    sources: dict[str, DataSource] = dict(study.domains)
    throws = {} if study.throws == "all" else study.throws
    sources.update({f"throws.{name}": source for name, source in throws.items()})
    simulated = [
        name for name, source in sources.items() if any(part.files is None for part in source.parts)
    ]
    if (simulated or study.throws == "all") and (
        study.detector is None or study.simulation is None
    ):
        what = ", ".join(simulated) or "throws: all"
        message = (
            f"{what}: without files, events are simulated, which takes `detector: NAME` and "
            f"`simulation: {{train: ..., test: ...}}`"
        )
        raise ValueError(message)
    for kind in ("domains", "throws", "methods", "shifts"):
        for name in getattr(study, kind) if study.throws != "all" or kind != "throws" else ():
            require_name(kind, name)
    every = {f"methods.{name}.settings": one.settings for name, one in study.methods.items()}
    every["settings"] = study.settings
    for where, settings in every.items():
        require_mappings(where, settings)
    taken = {"data.samples", "data.target", "method", "seed", "out", "title", "notes"}
    for key in sorted(_dotted(study.settings) & taken):
        message = f"settings.{key}: the study sets it by itself; take it out"
        raise ValueError(message)
    for name, method in study.methods.items():
        for key in sorted(_dotted(method.settings) & taken):
            message = f"methods.{name}.settings.{key}: the study sets it by itself; take it out"
            raise ValueError(message)
        for domain in method.domains or ():
            if domain not in study.domains:
                message = f"methods.{name}.domains: no domain is called {domain!r}. "
                message += did_you_mean(domain, list(study.domains))
                raise ValueError(message)
        if not study.seeds_of(method):
            message = (
                f"methods.{name}.seeds: expected some of the study's seeds {list(study.seeds)}, "
                f"got {list(method.seeds or ())}\n  what to do: name some of them, or none, so "
                f"that the method is trained with all"
            )
            raise ValueError(message)
    _require_shifts(study, throws)
    for name, method in study.methods.items():
        if method.begin_with is not None:
            _require_beginning(study, name, method, method.begin_with)


def _require_shifts(study: StudySettings, throws: Mapping[str, ThrowSource]) -> None:
    """Shifts are told apart, and those that are named are there."""
    owners: dict[str, str] = {}
    for name, shift in study.shifts.items():
        for parameter in shift.parameters:
            other = owners.setdefault(parameter, name)
            if other != name:
                message = (
                    f"shifts: the parameter {parameter!r} is in two, {other!r} and {name!r}: a "
                    f"throw would belong to both"
                )
                raise ValueError(message)
    named = {f"throws.{name}.shift": [source.shift] for name, source in throws.items()}
    for name, method in study.methods.items():
        if method.leave_out is None:
            continue
        if method.target is not None:
            message = (
                f"methods.{name}: leave_out is for methods without a target: one that is "
                f"adapted to a throw sees its shift"
            )
            raise ValueError(message)
        if not study.shifts:
            message = (
                f"methods.{name}.leave_out: there are no shifts to leave out\n  what to do: "
                f"give `shifts: {{NAME: {{parameters: [...], views: [...]}}}}`"
            )
            raise ValueError(message)
        if method.leave_out != "each":
            named[f"methods.{name}.leave_out"] = list(method.leave_out)
    for key, shifts in named.items():
        for one in shifts:
            if one is not None and one not in study.shifts:
                message = f"{key}: no shift is called {one!r}. "
                raise ValueError(message + did_you_mean(one, list(study.shifts)))


def _require_beginning(study: StudySettings, name: str, method: StudyMethod, first: str) -> None:
    """For each training there is one that it can begin with."""
    where = f"methods.{name}.begin_with"
    if first not in study.methods:
        others = [other for other in study.methods if other != name]
        message = f"{where}: no method is called {first!r}. {did_you_mean(first, others)}"
        raise ValueError(message)
    other = study.methods[first]
    if first == name or other.begin_with is not None:
        message = f"{where}: {first!r} begins with another encoder itself; name one that does not"
        raise ValueError(message)
    for settings in (study.settings, method.settings):
        given = settings.get("pretrained")
        if given is not None and not (isinstance(given, Mapping) and "checkpoint" not in given):
            message = (
                f"{where}: the study sets pretrained.checkpoint by itself; take it out of the "
                f"settings"
            )
            raise ValueError(message)

    lacking: dict[str, set[Any]] = {
        "domains": {*study.domains_of(method)} - {*study.domains_of(other)},
        "seeds": {*study.seeds_of(method)} - {*study.seeds_of(other)},
        "leave_out": {*study.left_out_of(method)} - {*study.left_out_of(other)},
        "target": _targets_lacking(method.target, other.target),
    }
    for key, values in lacking.items():
        if values:
            message = (
                f"methods.{name}.{key}: it begins with {first!r}, which has no training for "
                f"{', '.join(sorted(str(one) for one in values))}\n"
                f"  what to do: have `{key}` the same in both"
            )
            raise ValueError(message)


def _targets_lacking(
    own: Literal["each"] | tuple[str, ...] | None, there: Literal["each"] | tuple[str, ...] | None
) -> set[str]:
    """The targets to which an encoder is to be adapted that another method has no encoder of.

    An encoder that saw no target goes with any; one that did has no training for none.
    """
    if there is None or own == there:
        return set()
    if own is None:
        return {"no target"}
    if there == "each":
        return set()
    return {"each"} if own == "each" else {*own} - {*there}


def _dotted(settings: Mapping[str, Any]) -> set[str]:
    """The keys of the first two levels."""
    inner = {
        f"{key}.{name}"
        for key, value in settings.items()
        if isinstance(value, Mapping)
        for name in value
    }
    return {*settings, *inner}
