"""What a plugin's author tells the kit about a registered thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch_geometric.data import Batch

__all__ = ["Example", "ask_for"]


@dataclass(frozen=True, eq=False)
class Example:
    """How the kit makes a registered thing, and what it tries it on.

    Attributes:
        options: of an augmentation, an encoder, a method or a schema maker, as in a settings file;
            those left out have their defaults.
        batch: for an augmentation or an encoder, events of the kind that it is made for, a handful
            of different sizes; without them the kit makes some.
        files: for a schema or a schema maker, small files that it is made for, without an entry at
            fault; with events of each class, if it has classes.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    batch: Batch | None = None
    files: Sequence[str | Path] = ()


def ask_for(what: str, kind: str, name: str) -> str:
    """How an author gives the kit an example.

    Args:
        what: the arguments of the `Example`.
        kind: the kind of thing, as the hook has it.
        name: its name.
    """
    return (
        f"  what to do: give the kit an example in tests/conftest.py:\n"
        f"    def pytest_hitclr_example(kind, name):\n"
        f"        if (kind, name) == ({kind!r}, {name!r}):\n"
        f"            return hitclr.testing.Example({what})"
    )
