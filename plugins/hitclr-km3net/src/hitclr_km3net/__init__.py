"""KM3NeT for hitclr: schemas of offline files, detector augmentations and a demo."""

from hitclr_km3net.module_dropout import ModuleDropout
from hitclr_km3net.noise import NoiseHits
from hitclr_km3net.rotation import VerticalRotation
from hitclr_km3net.schemas import MC_LABEL, OFFLINE, OFFLINE_MC, OFFLINE_SNAPSHOT
from hitclr_km3net.time_jitter import TimeJitter

__all__ = [
    "MC_LABEL",
    "OFFLINE",
    "OFFLINE_MC",
    "OFFLINE_SNAPSHOT",
    "ModuleDropout",
    "NoiseHits",
    "TimeJitter",
    "VerticalRotation",
    "__version__",
]

__version__ = "0.1.0"
