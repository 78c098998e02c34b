"""Imports what is not installed."""

from detector_toolbox_that_is_not_there import Geometry

__all__ = ["Geometry"]
