"""Augmentations: random changes of batches of events, drawn and then applied."""

from hitclr.augment.base import Augmentation
from hitclr.augment.draws import Draws
from hitclr.augment.hits import add_hits, drop_hits
from hitclr.augment.parameter import Normal, Parameter, check_parameter, sample_parameter

__all__ = [
    "Augmentation",
    "Draws",
    "Normal",
    "Parameter",
    "add_hits",
    "check_parameter",
    "drop_hits",
    "sample_parameter",
]
