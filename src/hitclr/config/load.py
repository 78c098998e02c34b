"""Settings from YAML files and dotted overrides."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from hitclr.config.base import Spec
from hitclr.config.settings import Settings, make_settings
from hitclr.errors import SettingsError
from hitclr.validation import read_mapping, read_yaml

__all__ = ["load_settings", "override_settings", "read_override", "set_key"]

_DEFAULT_NAMES = {
    key: info.default.name
    for key, info in Settings.model_fields.items()
    if isinstance(info.default, Spec)
}
"""What an override such as ``encoder.size=tiny`` is of, where the settings name no encoder."""


def load_settings(path: Path, overrides: Sequence[str] = ()) -> Settings:
    """Read a YAML settings file and apply overrides such as ``trainer.epochs=5``.

    Args:
        path: the file.
        overrides: ``dotted.key=value``; the value is read as YAML, a number in the key is a place
            in a list.

    Raises:
        SettingsError: the file cannot be read, an override has no ``=`` or leads nowhere, or the
            result is not valid.
    """
    content = read_mapping(path, "the settings file", "schema: ..., data: ...", SettingsError)
    return override_settings(content, overrides, where=str(path))


def override_settings(
    content: Mapping[str, Any], overrides: Sequence[str], *, where: str = "the settings"
) -> Settings:
    """Apply overrides such as ``trainer.epochs=5`` to a mapping and validate it.

    Raises:
        SettingsError: an override has no ``=`` or leads nowhere, or the result is not valid.
    """
    changed = copy.deepcopy(dict(content))
    for override in overrides:
        set_key(changed, *read_override(override))
    return make_settings(changed, where=where)


def read_override(override: str) -> tuple[str, Any]:
    """The key and the value of an override such as ``trainer.epochs=5``.

    Raises:
        SettingsError: it has no ``=``, or the value is not YAML.
    """
    key, equals, text = override.partition("=")
    if not equals or not key:
        message = f"expected an override like trainer.epochs=5, got {override!r}"
        raise SettingsError(message)
    try:
        return key, read_yaml(text)
    except yaml.YAMLError as error:
        message = f"override {override!r}: the value is not valid YAML: {error}"
        raise SettingsError(message) from error


def set_key(content: Any, key: str, value: Any) -> None:
    """Change one value in nested settings, in place.

    Args:
        content: the settings, as a YAML file holds them.
        key: its dotted key; a number in it is a place in a list.
        value: the new value.

    Raises:
        SettingsError: the key leads nowhere.
    """
    *path, last = key.split(".")
    place = content
    for number, part in enumerate(path):
        if isinstance(place, dict):
            inner = place.get(part)
            if path[:2] == ["data", "samples"] and number == 2 and not isinstance(inner, dict):
                place[part] = {} if inner is None else {"files": inner}  # `track: track.root`
            elif isinstance(inner, str):  # `encoder: name`
                place[part] = {"name": inner}
            elif number == 0 and inner is None and part in _DEFAULT_NAMES:
                place[part] = {"name": _DEFAULT_NAMES[part]}
            place = place.setdefault(part, {})
        elif isinstance(place, list) and part.isdigit() and int(part) < len(place):
            place = place[int(part)]
        else:
            message = f"override {key}: {'.'.join(path[: number + 1])} leads nowhere"
            raise SettingsError(message)
    if isinstance(place, dict):
        place[last] = value
    elif isinstance(place, list) and last.isdigit() and int(last) < len(place):
        place[int(last)] = value
    else:
        message = f"override {key}: it leads nowhere"
        raise SettingsError(message)
