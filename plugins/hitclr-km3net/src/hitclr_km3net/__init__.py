"""KM3NeT for hitclr: schemas, detector geometry, augmentations and a demo."""

from hitclr_km3net.detx import Detx, read_detx
from hitclr_km3net.geometry import pmt_table
from hitclr_km3net.module_dropout import ModuleDropout
from hitclr_km3net.noise import NoiseHits
from hitclr_km3net.pmt_efficiency import PmtEfficiency
from hitclr_km3net.rotation import VerticalRotation
from hitclr_km3net.schema_makers import km3net_daq, km3net_offline_detx
from hitclr_km3net.schemas import (
    MC_LABEL,
    MC_LABEL_MUON,
    OFFLINE,
    OFFLINE_MC,
    OFFLINE_MC_MUON,
    OFFLINE_SNAPSHOT,
)
from hitclr_km3net.time_jitter import TimeJitter
from hitclr_km3net.water import WaterAttenuation

__all__ = [
    "MC_LABEL",
    "MC_LABEL_MUON",
    "OFFLINE",
    "OFFLINE_MC",
    "OFFLINE_MC_MUON",
    "OFFLINE_SNAPSHOT",
    "Detx",
    "ModuleDropout",
    "NoiseHits",
    "PmtEfficiency",
    "TimeJitter",
    "VerticalRotation",
    "WaterAttenuation",
    "__version__",
    "km3net_daq",
    "km3net_offline_detx",
    "pmt_table",
    "read_detx",
]

__version__ = "0.1.0"
