"""What is uncertain in the detector, and the settings that have a name."""

from __future__ import annotations

from hitclr.detectors import DetectorParameter, Throw

__all__ = ["PARAMETERS", "THROWS"]

PARAMETERS = (
    DetectorParameter("field", "kV/cm", 0.5, 0.45, 0.55, "drift field", minimum=0.05, maximum=5.0),
    DetectorParameter(
        "lifetime",
        "us",
        2200.0,
        500.0,
        5000.0,
        "life of drifting electrons before an impurity takes them",
        "log-uniform",
        minimum=100.0,
    ),
    DetectorParameter(
        "transverse_diffusion",
        "cm2/us",
        8.8e-6,
        4e-6,
        14e-6,
        "diffusion across the drift",
        minimum=0.0,
    ),
    DetectorParameter(
        "longitudinal_diffusion",
        "cm2/us",
        4.0e-6,
        2e-6,
        7e-6,
        "diffusion along the drift",
        minimum=0.0,
    ),
    DetectorParameter("noise", "e", 500.0, 250.0, 1000.0, "noise of a pixel's charge", minimum=0.0),
    DetectorParameter(
        "threshold", "e", 5000.0, 3000.0, 8000.0, "smallest charge of a hit", minimum=0.0
    ),
    DetectorParameter("gain", "", 1.0, 0.9, 1.1, "charge read out over charge", minimum=0.01),
    DetectorParameter(
        "dead_fraction",
        "",
        0.0,
        0.0,
        0.1,
        "part of the pixels that give no signal",
        minimum=0.0,
        maximum=1.0,
    ),
)
"""The parameters of the response.

Field, lifetime and transverse diffusion have the nominal values and ranges of arXiv:2502.07724. The
longitudinal diffusion is that of the public simulation larnd-sim (4.0e-6 cm2/us; Li et al., Nucl.
Instrum. Meth. A 816 (2016) 160 measured some 7e-6, ArgoNeuT's and MicroBooNE's values lie at 4e-6:
arXiv:2104.06551), its range is in proportion to the transverse one. 500 electrons of noise and a
threshold of 5000 are larnd-sim's too, and LArPix has less than 500 electrons of noise
(arXiv:1808.02969). The threshold is a quarter of what a minimum-ionising track leaves on a pixel.
The ranges of noise, threshold, gain and dead pixels are choices.
"""

_NOMINAL = {parameter.name: parameter.nominal for parameter in PARAMETERS}
_SHORT = {"field": "field", "transverse_diffusion": "diffusion", "lifetime": "lifetime"}
_BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}


def _moved(names: tuple[str, ...], fraction: float) -> dict[str, float]:
    return {**_NOMINAL, **{name: _BY_NAME[name].at(fraction) for name in names}}


def _single(name: str, fraction: float, number: int) -> Throw:
    sign = "plus" if fraction > 0 else "minus"
    end = "high" if fraction > 0 else "low"
    return Throw(
        f"{_SHORT[name]}-{sign}",
        _moved((name,), fraction),
        f"throw {number} of the paper: {name} at its {end} end",
    )


def _all(fraction: float, suffix: str, number: int, words: str) -> Throw:
    sign = "plus" if fraction > 0 else "minus"
    meaning = f"throw {number} of the paper: field, lifetime and transverse diffusion {words}"
    return Throw(f"all-{sign}{suffix}", _moved(tuple(_SHORT), fraction), meaning)


THROWS = (
    Throw("nominal", dict(_NOMINAL), "throw 15 of the paper: all parameters nominal"),
    _all(1, "", 1, "at the high end"),
    _all(-1, "", 2, "at the low end"),
    _single("field", 1, 3),
    _single("transverse_diffusion", 1, 4),
    _single("lifetime", 1, 5),
    _single("field", -1, 6),
    _single("transverse_diffusion", -1, 7),
    _single("lifetime", -1, 8),
    _all(0.25, "-quarter", 9, "a quarter of the way up"),
    _all(-0.25, "-quarter", 10, "a quarter of the way down"),
    _all(0.5, "-half", 11, "half of the way up"),
    _all(-0.5, "-half", 12, "half of the way down"),
    _all(0.75, "-three-quarters", 13, "three quarters of the way up"),
    _all(-0.75, "-three-quarters", 14, "three quarters of the way down"),
    _all(3, "-triple", 16, "three times as far up as the high end"),
    _all(
        -3,
        "-triple",
        17,
        "three times as far down as the low end, as far as that goes: the lifetime stands at 100 "
        "us and the diffusion at 0, where the line would lead below",
    ),
)
"""The 17 throws of the list that arXiv:2502.07724 goes back to, the nominal one first."""
