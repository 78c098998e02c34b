"""What pydantic found wrong, in sentences that name the key and the nearest known one."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from hitclr.errors import did_you_mean

__all__ = ["explain"]


def explain(error: ValidationError, model: type[BaseModel]) -> str:
    """One line for each fault: the dotted key, what is wrong, and what was probably meant.

    Args:
        error: what pydantic raised for ``model``.
        model: the model that was validated.
    """
    lines = []
    faults = error.errors(include_url=False)
    locations = [tuple(fault["loc"]) for fault in faults]
    for fault, location in zip(faults, locations, strict=True):
        if any(len(o) > len(location) and o[: len(location)] == location for o in locations):
            continue  # a fault inside this one says more
        key = ".".join(str(part) for part in location) or "(top level)"
        if fault["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
            known = sorted(_keys_beside(model, location))
            lines.append(f"  {key}: unknown key. {did_you_mean(str(location[-1]), known)}")
        else:
            text = fault["msg"].removeprefix("Value error, ")
            got = fault["input"]
            shown = "" if isinstance(got, Mapping) else f" (got {got!r})"
            lines.append(f"  {key}: {text}{shown}")
    return "\n".join(lines)


def _keys_beside(model: type[BaseModel], location: tuple[int | str, ...]) -> set[str]:
    """The keys that are known where the last part of ``location`` stands."""
    found: list[type[BaseModel]] = [model]
    for part in location[:-1]:
        inner: list[type[BaseModel]] = []
        for candidate in found:
            for name, info in candidate.model_fields.items():
                if part in (name, info.alias):
                    inner.extend(_models_in(info.annotation))
        # Positions in lists, keys of mappings and names of union members lead to no new model.
        found = inner or found
    return {
        info.alias or name for candidate in found for name, info in candidate.model_fields.items()
    }


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _models_in(argument)
