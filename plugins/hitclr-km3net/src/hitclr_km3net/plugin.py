"""The entry point: what this package registers with hitclr."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hitclr import hookimpl
from hitclr_km3net.demo import DEMO
from hitclr_km3net.module_dropout import ModuleDropout
from hitclr_km3net.noise import NoiseHits
from hitclr_km3net.pmt_efficiency import PmtEfficiency
from hitclr_km3net.rotation import VerticalRotation
from hitclr_km3net.schema_makers import km3net_daq, km3net_offline_detx
from hitclr_km3net.schemas import OFFLINE, OFFLINE_MC, OFFLINE_MC_MUON, OFFLINE_SNAPSHOT
from hitclr_km3net.time_jitter import TimeJitter
from hitclr_km3net.water import WaterAttenuation

if TYPE_CHECKING:
    from collections.abc import Callable

    from hitclr.augment import Augmentation
    from hitclr.demo import Demo
    from hitclr.io import Schema
    from hitclr.plugins.registry import Registrar

__all__ = [
    "register_augmentations",
    "register_demos",
    "register_schema_makers",
    "register_schemas",
]


@hookimpl
def register_schemas(registrar: Registrar[Schema]) -> None:
    """The schemas of offline files."""
    for schema in (OFFLINE, OFFLINE_SNAPSHOT, OFFLINE_MC, OFFLINE_MC_MUON):
        registrar.add(schema.name, schema)


@hookimpl
def register_schema_makers(registrar: Registrar[Callable[..., Schema]]) -> None:
    """Schemas of files without positions, which are made from detector descriptions."""
    registrar.add("km3net-offline-detx", km3net_offline_detx)
    registrar.add("km3net-daq", km3net_daq)


@hookimpl
def register_augmentations(registrar: Registrar[type[Augmentation]]) -> None:
    """What is uncertain or arbitrary in the detector."""
    registrar.add("km3net-rotation", VerticalRotation)
    registrar.add("km3net-module-dropout", ModuleDropout)
    registrar.add("km3net-time-jitter", TimeJitter)
    registrar.add("km3net-noise", NoiseHits)
    registrar.add("km3net-pmt-efficiency", PmtEfficiency)
    registrar.add("km3net-water", WaterAttenuation)


@hookimpl
def register_demos(registrar: Registrar[Demo]) -> None:
    """The demo on the files of km3net-testdata."""
    registrar.add("km3net", DEMO)
