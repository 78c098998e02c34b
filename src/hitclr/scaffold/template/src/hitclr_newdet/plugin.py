"""The entry point: what this package registers with hitclr."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hitclr import hookimpl

from hitclr_newdet.augmentation import LightYield
from hitclr_newdet.detector import DETECTOR
from hitclr_newdet.schema import SCHEMA

if TYPE_CHECKING:
    from hitclr.augment import Augmentation
    from hitclr.detectors import Detector
    from hitclr.io import Schema
    from hitclr.plugins.registry import Registrar

__all__ = [
    "HITCLR_HOOKS",
    "register_augmentations",
    "register_detectors",
    "register_schemas",
]

HITCLR_HOOKS = 1
"""The version of hitclr's hooks that this was written for."""


@hookimpl
def register_detectors(registrar: Registrar[Detector]) -> None:
    """The detector."""
    registrar.add(DETECTOR.name, DETECTOR)


@hookimpl
def register_schemas(registrar: Registrar[Schema]) -> None:
    """The schema of its simulated files."""
    registrar.add(SCHEMA.name, SCHEMA)


@hookimpl
def register_augmentations(registrar: Registrar[type[Augmentation]]) -> None:
    """What is uncertain in the detector, as a change of events."""
    registrar.add("newdet-light-yield", LightYield)
