"""Events turned about the vertical."""

from __future__ import annotations

from hitclr.augment import Parameter, Rotation

__all__ = ["VerticalRotation"]


class VerticalRotation(Rotation):
    """Turn each event about the vertical through the mean of its hits, PMT directions included.

    The sea looks the same in every azimuth, while up and down differ: most tubes look down, and
    atmospheric muons come from above. The strings of the detector do not turn with the event, so
    a turned hit lies in general where there is no module.

    Args:
        angle: degrees, right-handed about the z axis, which points up; drawn per event.
        probability: the probability with which each event is changed.

    Raises:
        SettingsError: an argument is out of range.
    """

    def __init__(self, angle: Parameter = (0.0, 360.0), probability: float = 1.0) -> None:
        super().__init__(axis="z", angle=angle, probability=probability)
