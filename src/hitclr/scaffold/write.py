"""Writing the package of a new plugin."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path

from hitclr.errors import OutputError, SettingsError

__all__ = ["check_plugin_name", "write_plugin"]

_TEMPLATE = Path(__file__).with_name("template")
_PREFIX = "hitclr-"
_PLACEHOLDER = "newdet"
_MODULE = f"hitclr_{_PLACEHOLDER}"
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 32  # the template's longest lines still fit


def check_plugin_name(name: str) -> str:
    """The name, if a plugin can be called so.

    A plugin ``NAME`` is the distribution ``hitclr-NAME`` with the module ``hitclr_NAME``, so the
    name is one that PyPI does not have to normalise: small letters, digits and single hyphens.

    Raises:
        SettingsError: it is not of this form, or an installed plugin has it.

    >>> check_plugin_name("my-detector")
    'my-detector'
    """
    if not _NAME.fullmatch(name) or len(name) > _LONGEST or name == "hitclr":
        message = (
            f"{name!r} cannot be the name of a plugin: expected small letters, digits and single "
            f"hyphens, a letter first, {_LONGEST} characters at most, and not hitclr itself"
            f"{_proposal(name)}"
        )
        raise SettingsError(message)
    if name.startswith(_PREFIX):
        message = f"{name!r}: the package is called hitclr-NAME by itself{_proposal(name)}"
        raise SettingsError(message)
    for point in entry_points(group="hitclr"):
        if point.name == name:
            owner = point.dist.metadata["Name"] if point.dist else point.value
            message = (
                f"a plugin called {name!r} is installed already ({owner}), and two of one name "
                f"cannot be told apart\n  what to do: choose another name"
            )
            raise SettingsError(message)
    return name


def write_plugin(name: str, folder: Path) -> Path:
    """Write the package ``hitclr-NAME`` from the template.

    Args:
        name: the name of the plugin, its detector and its schema.
        folder: where to write it; made where it is not there.

    Returns:
        The new folder, ``folder/hitclr-NAME``.

    Raises:
        SettingsError: the name cannot be used.
        OutputError: there is such a folder already, or it cannot be written.
    """
    module = f"hitclr_{check_plugin_name(name).replace('-', '_')}"
    target = folder / f"{_PREFIX}{name}"
    if target.exists():
        message = (
            f"{target} is there already, and nothing in it was changed\n  what to do: choose "
            f"another name, or another folder with --out"
        )
        raise OutputError(message)
    try:
        target.mkdir(parents=True)
        _copy(_TEMPLATE, target, name, module)
    except OSError as error:
        message = f"cannot write {target}: {error.strerror or error}"
        raise OutputError(message) from error
    return target


def _copy(source: Path, target: Path, name: str, module: str) -> None:
    """Copy a folder of the template, with the name in place of the placeholder."""

    def named(text: str) -> str:
        return text.replace(_MODULE, module).replace(_PLACEHOLDER, name)

    for entry in source.iterdir():
        if entry.name.startswith((".", "__pycache__")):  # what tools left behind
            continue
        path = target / named(entry.name)
        if entry.is_dir():
            path.mkdir()
            _copy(entry, path, name, module)
        else:
            path.write_text(named(entry.read_text(encoding="utf-8")), encoding="utf-8")


def _proposal(name: str) -> str:
    """What to do: the nearest name that would do, where there is one."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-").removeprefix(_PREFIX)
    plain = plain.lstrip("0123456789-")[:_LONGEST].strip("-")
    return f"\n  what to do: hitclr plugin new {plain}" if plain not in ("", "hitclr") else ""
