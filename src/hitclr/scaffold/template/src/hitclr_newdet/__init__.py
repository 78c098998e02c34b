"""The detector newdet: its response, schema and augmentation."""

from hitclr_newdet.augmentation import LightYield
from hitclr_newdet.detector import DETECTOR, Modules
from hitclr_newdet.schema import SCHEMA

__all__ = ["DETECTOR", "SCHEMA", "LightYield", "Modules"]
