"""What pydantic found wrong, in sentences that name the key and the nearest known one."""

from __future__ import annotations

import typing
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from hitclr.errors import HitclrError, did_you_mean

__all__ = ["explain", "read_mapping", "read_yaml"]


class _UniqueKeys(yaml.SafeLoader):
    """YAML's safe loader, which by itself lets the last of several equal keys win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":  # PyYAML 6.0.4 gets chains of them wrong
                message = "merge keys (<<) are not read: write the mapping out"
                raise yaml.constructor.ConstructorError(None, None, message, key.start_mark)
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = [key for key in keys if keys.count(key) > 1]
        if twice:
            message = f"the key {twice[0]!r} stands twice in one mapping"
            raise yaml.constructor.ConstructorError(None, None, message, node.start_mark)
        return super().construct_mapping(node, deep)


def read_yaml(text: str) -> Any:
    """Plain values from YAML. It runs no code, and a key that stands twice is an error.

    Raises:
        yaml.YAMLError: the text is not YAML, or a mapping has a key twice.
    """
    return yaml.load(text, Loader=_UniqueKeys)  # noqa: S506 - derived from the safe loader


def read_mapping(path: Path, what: str, example: str, error: type[HitclrError]) -> dict[str, Any]:
    """The mapping that a YAML file holds.

    Args:
        path: the file.
        what: what the file is, for messages ("the schema file").
        example: how such a file begins, for messages.
        error: the type of error to raise.

    Raises:
        HitclrError: of type ``error``: the file cannot be read, is not YAML, or holds no mapping.
    """
    try:
        content = read_yaml(path.read_text(encoding="utf-8"))
    except OSError as fault:
        message = f"{what} {path} cannot be read: {fault.strerror or fault}"
        raise error(message) from fault
    except UnicodeDecodeError as fault:
        message = f"{what} {path} cannot be read: expected YAML ({example}), it is not a text file"
        raise error(message) from fault
    except yaml.YAMLError as fault:
        message = f"{what} {path} is not valid YAML: {fault}"
        raise error(message) from fault
    if not isinstance(content, dict):
        message = f"{what} {path} should hold a mapping ({example}), got {type(content).__name__}"
        raise error(message)
    return content


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
        # What pydantic puts in for its own steps, such as `function-after[...]`, is nobody's key.
        parts = [str(part) for part in location if not set("[(") & set(str(part))]
        key = ".".join(parts) or "(top level)"
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
