"""Augmentations: random changes of batches of events, drawn and then applied."""

from hitclr.augment.base import Augmentation
from hitclr.augment.chain import Chain
from hitclr.augment.charge_scale import ChargeScale
from hitclr.augment.charge_smear import ChargeSmear
from hitclr.augment.charge_threshold import ChargeThreshold
from hitclr.augment.choose import Choose
from hitclr.augment.draws import Draws
from hitclr.augment.hit_dropout import HitDropout
from hitclr.augment.hits import add_hits, drop_hits
from hitclr.augment.identity import Identity
from hitclr.augment.parameter import (
    Normal,
    Parameter,
    check_axes,
    check_number,
    check_parameter,
    sample_parameter,
)
from hitclr.augment.position_jitter import PositionJitter
from hitclr.augment.rotation import Rotation
from hitclr.augment.translation import Translation

__all__ = [
    "Augmentation",
    "Chain",
    "ChargeScale",
    "ChargeSmear",
    "ChargeThreshold",
    "Choose",
    "Draws",
    "HitDropout",
    "Identity",
    "Normal",
    "Parameter",
    "PositionJitter",
    "Rotation",
    "Translation",
    "add_hits",
    "check_axes",
    "check_number",
    "check_parameter",
    "drop_hits",
    "sample_parameter",
]
