"""The entry point: what this package registers with hitclr."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hitclr import hookimpl
from hitclr_km3net.demo import DEMO
from hitclr_km3net.module_dropout import ModuleDropout
from hitclr_km3net.noise import NoiseHits
from hitclr_km3net.rotation import VerticalRotation
from hitclr_km3net.schemas import OFFLINE, OFFLINE_MC, OFFLINE_SNAPSHOT
from hitclr_km3net.time_jitter import TimeJitter

if TYPE_CHECKING:
    from hitclr.augment import Augmentation
    from hitclr.demo import Demo
    from hitclr.io import Schema
    from hitclr.plugins.registry import Registrar

__all__ = ["register_augmentations", "register_demos", "register_schemas"]


@hookimpl
def register_schemas(registrar: Registrar[Schema]) -> None:
    """The schemas of offline files."""
    for schema in (OFFLINE, OFFLINE_SNAPSHOT, OFFLINE_MC):
        registrar.add(schema.name, schema)


@hookimpl
def register_augmentations(registrar: Registrar[type[Augmentation]]) -> None:
    """What is uncertain or arbitrary in the detector."""
    registrar.add("km3net-rotation", VerticalRotation)
    registrar.add("km3net-module-dropout", ModuleDropout)
    registrar.add("km3net-time-jitter", TimeJitter)
    registrar.add("km3net-noise", NoiseHits)


@hookimpl
def register_demos(registrar: Registrar[Demo]) -> None:
    """The demo on the files of km3net-testdata."""
    registrar.add("km3net", DEMO)
