"""The entry point: what this package registers with hitclr."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hitclr import hookimpl
from hitclr_lartpc.detector import LARTPC
from hitclr_lartpc.drift import Drift
from hitclr_lartpc.threshold import ChargeThreshold

if TYPE_CHECKING:
    from hitclr.augment import Augmentation
    from hitclr.detectors import Detector
    from hitclr.io import Schema
    from hitclr.plugins.registry import Registrar

__all__ = ["register_augmentations", "register_detectors", "register_schemas"]


@hookimpl
def register_detectors(registrar: Registrar[Detector]) -> None:
    """The TPC."""
    registrar.add(LARTPC.name, LARTPC)


@hookimpl
def register_schemas(registrar: Registrar[Schema]) -> None:
    """The schema of its simulated files."""
    registrar.add(LARTPC.schema.name, LARTPC.schema)


@hookimpl
def register_augmentations(registrar: Registrar[type[Augmentation]]) -> None:
    """Another drift, and what the detector does after its charge was changed."""
    registrar.add("lartpc-drift", Drift)
    registrar.add("lartpc-threshold", ChargeThreshold)
