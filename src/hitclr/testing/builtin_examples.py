"""Examples of what hitclr itself registers: options that have no default, and small encoders."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from hitclr.testing.example import Example

__all__ = ["builtin_example"]

_OPTIONS: Mapping[tuple[str, str], Mapping[str, Any]] = MappingProxyType(
    {
        ("augmentation", "charge-threshold"): {"threshold": (0.2, 0.8)},
        ("augmentation", "translation"): {"distance": 1.0},
        ("encoder", "dynedge"): {"size": "tiny"},
        ("encoder", "graph-convnext"): {"size": "tiny"},
        ("encoder", "point-transformer"): {"size": "tiny"},
        ("encoder", "pointnet"): {"size": "tiny"},
        ("encoder", "voxel-convnext"): {"size": "tiny", "cell": 1.0},
    }
)


def builtin_example(kind: str, name: str) -> Example | None:
    """The example of a built-in thing; None where its defaults do."""
    options = _OPTIONS.get((kind, name))
    return None if options is None else Example(options)
