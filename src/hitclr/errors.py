"""The exception types, all of them `HitclrError`.

A message says what was expected, what came, where, and what to do about it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

__all__ = [
    "AugmentationError",
    "CheckpointError",
    "DuplicateNameError",
    "HitclrError",
    "InputError",
    "MissingExtraError",
    "OutputError",
    "PluginError",
    "SchemaError",
    "SettingsError",
    "UnknownNameError",
    "did_you_mean",
    "nearest",
]


class HitclrError(Exception):
    """What every error that hitclr raises on purpose derives from."""


class SettingsError(HitclrError):
    """A settings file, an override or an option cannot be used."""


class SchemaError(HitclrError):
    """A schema contradicts itself or the files that it is meant for."""


class OutputError(HitclrError):
    """Results cannot be written, or would overwrite earlier ones."""


class CheckpointError(HitclrError):
    """A checkpoint cannot be read, or belongs to other settings."""


class AugmentationError(HitclrError):
    """An augmentation broke its contract or does not fit the batch."""


class PluginError(HitclrError):
    """A plugin broke a rule of the plugin host."""


class DuplicateNameError(PluginError):
    """Two plugins registered the same name."""


class MissingExtraError(HitclrError):
    """An optional package is needed and not installed."""


class UnknownNameError(HitclrError):
    """A name that nobody registered."""


class InputError(HitclrError):
    """Something is wrong with an input file or an event in it.

    Attributes:
        reason: the short name of the fault, as it is counted under the policy ``skip``.
        file: the file.
        tree: the tree, where the fault lies in one.
        branch: the branch, where the fault lies in one.
        entry: the first entry at fault, where the fault lies in single entries.
    """

    def __init__(
        self,
        what: str,
        *,
        reason: str,
        file: str | Path,
        tree: str | None = None,
        branch: str | None = None,
        entry: int | None = None,
        advice: str = "",
    ) -> None:
        self.reason = reason
        self.file = str(file)
        self.tree = tree
        self.branch = branch
        self.entry = entry
        where = [f"file: {self.file}"]
        if tree is not None:
            where.append(f"tree: {tree}")
        if branch is not None:
            where.append(f"branch: {branch}")
        if entry is not None:
            where.append(f"entry: {entry}")
        lines = [what, *(f"  {line}" for line in where)]
        if advice:
            lines.append(f"  what to do: {advice}")
        super().__init__("\n".join(lines))


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The names in ``known`` that are most like ``name``, best first.

    Paths are also compared by their last part, since a long common prefix would otherwise
    decide.

    >>> nearest("hits.pos.X", ["Evt/hits/hits.pos.x", "Evt/w"])
    ['Evt/hits/hits.pos.x']
    """
    pool = list(dict.fromkeys(known))
    tail = name.rsplit("/", 1)[-1].lower()

    def likeness(other: str) -> float:
        whole = difflib.SequenceMatcher(None, name.lower(), other.lower()).ratio()
        last = difflib.SequenceMatcher(None, tail, other.rsplit("/", 1)[-1].lower()).ratio()
        return (whole + 2 * last) / 3

    ranked = sorted(pool, key=likeness, reverse=True)
    return [other for other in ranked[:count] if likeness(other) > 0.55]


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """A sentence that offers the names nearest to ``name``, or lists all where none is near.

    >>> did_you_mean("epoch", ["epochs", "precision"])
    'Did you mean epochs?'
    """
    near = nearest(name, known)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    if not known:
        return "There are none."
    return f"Known: {', '.join(sorted(known)[:20])}."
