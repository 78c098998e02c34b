"""The conformance kit: what a plugin package's tests check its parts with."""

from typing import TYPE_CHECKING

from hitclr.testing.lazy import imported_on_use

if TYPE_CHECKING:
    from hitclr.testing.augmentations import AUGMENTATION_CHECKS, check_augmentation
    from hitclr.testing.batches import make_events
    from hitclr.testing.check import Check
    from hitclr.testing.detectors import DETECTOR_CHECKS, check_detector
    from hitclr.testing.encoders import ENCODER_CHECKS, check_encoder
    from hitclr.testing.example import Example
    from hitclr.testing.methods import METHOD_CHECKS, check_method
    from hitclr.testing.schema_makers import SCHEMA_MAKER_CHECKS, check_schema_maker
    from hitclr.testing.schemas import SCHEMA_CHECKS, check_schema

__all__ = [
    "AUGMENTATION_CHECKS",
    "DETECTOR_CHECKS",
    "ENCODER_CHECKS",
    "METHOD_CHECKS",
    "SCHEMA_CHECKS",
    "SCHEMA_MAKER_CHECKS",
    "Check",
    "Example",
    "check_augmentation",
    "check_detector",
    "check_encoder",
    "check_method",
    "check_schema",
    "check_schema_maker",
    "make_events",
]

__getattr__ = imported_on_use(
    __name__,
    {
        "AUGMENTATION_CHECKS": "hitclr.testing.augmentations",
        "DETECTOR_CHECKS": "hitclr.testing.detectors",
        "ENCODER_CHECKS": "hitclr.testing.encoders",
        "METHOD_CHECKS": "hitclr.testing.methods",
        "SCHEMA_CHECKS": "hitclr.testing.schemas",
        "SCHEMA_MAKER_CHECKS": "hitclr.testing.schema_makers",
        "Check": "hitclr.testing.check",
        "Example": "hitclr.testing.example",
        "check_augmentation": "hitclr.testing.augmentations",
        "check_detector": "hitclr.testing.detectors",
        "check_encoder": "hitclr.testing.encoders",
        "check_method": "hitclr.testing.methods",
        "check_schema": "hitclr.testing.schemas",
        "check_schema_maker": "hitclr.testing.schema_makers",
        "make_events": "hitclr.testing.batches",
    },
)
