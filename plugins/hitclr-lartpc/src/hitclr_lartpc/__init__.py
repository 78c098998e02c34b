"""A pixel liquid-argon TPC for hitclr: response, throws, schema and augmentations."""

from hitclr_lartpc.detector import LARTPC, LArTPC
from hitclr_lartpc.drift import Drift
from hitclr_lartpc.threshold import ChargeThreshold

__all__ = ["LARTPC", "ChargeThreshold", "Drift", "LArTPC", "__version__"]

__version__ = "0.1.0"
