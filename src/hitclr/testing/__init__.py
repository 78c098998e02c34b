"""The conformance kit: what a plugin package's tests check its parts with."""

from hitclr.testing.augmentations import AUGMENTATION_CHECKS, check_augmentation
from hitclr.testing.batches import make_events
from hitclr.testing.check import Check

__all__ = ["AUGMENTATION_CHECKS", "Check", "check_augmentation", "make_events"]
