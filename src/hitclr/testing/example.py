"""What a plugin's author tells the kit about a registered thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch_geometric.data import Batch

__all__ = ["Example"]


@dataclass(frozen=True, eq=False)
class Example:
    """How the kit makes a registered augmentation, encoder or method, and what it tries it on.

    Attributes:
        options: its options, as in a settings file; those left out have their defaults.
        batch: for an augmentation or an encoder, events of the kind that it is made for, a handful
            of different sizes; without them the kit makes some.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    batch: Batch | None = None
