"""What is uncertain in the detector, and the settings that have a name."""

from __future__ import annotations

from hitclr.detectors import DetectorParameter, Throw

__all__ = ["PARAMETERS", "THROWS"]

PARAMETERS = (
    DetectorParameter(
        "crosstalk",
        "",
        0.03,
        0.02,
        0.05,
        "part of a cube's light that leaks through each of its six faces",
        minimum=0.0,
        maximum=1 / 6,
    ),
    DetectorParameter(
        "kept_crosstalk",
        "",
        0.5,
        0.0,
        1.0,
        "part of the hits of leaked light alone that is kept",
        minimum=0.0,
        maximum=1.0,
    ),
    DetectorParameter(
        "light_yield",
        "pe/MeV",
        40.0,
        36.0,
        44.0,
        "photo-electrons per visible MeV, three fibres together, in the middle of the detector",
        minimum=0.0,
    ),
    DetectorParameter(
        "threshold",
        "pe",
        2.5,
        1.5,
        4.5,
        "smallest charge of a hit, three fibres together",
        minimum=0.0,
    ),
    DetectorParameter(
        "dead_fraction",
        "",
        0.0,
        0.0,
        0.1,
        "part of the cubes that give no signal",
        minimum=0.0,
        maximum=1.0,
    ),
)
"""The parameters of the response.

crosstalk: 2 to 6 % were measured between SuperFGD cubes (arXiv:2601.18338), about 3 % per face with
the prototype (arXiv:2008.08861). light_yield: about 27 photo-electrons per fibre were measured for
a minimum-ionising particle in 1 cm cubes (arXiv:2412.10174, which calls that similar to cast
scintillator); with the nominal value it is 24. +-10 % is what T2K's scintillators lose in 5 to 11
years, 0.9 to 2.2 % a year (arXiv:2207.13028). kept_crosstalk is the shift of arXiv:2502.07724.
"""

_NOMINAL = {parameter.name: parameter.nominal for parameter in PARAMETERS}
_SHORT = {
    "crosstalk": "crosstalk",
    "light_yield": "light-yield",
    "threshold": "threshold",
    "dead_fraction": "dead",
}


def _kept(percent: int) -> Throw:
    name = "kept-0" if percent == 0 else f"kept-{percent:02d}"
    return Throw(
        name,
        {**_NOMINAL, "kept_crosstalk": percent / 100},
        f"{percent} % of the crosstalk hits kept",
    )


def _ends() -> tuple[Throw, ...]:
    throws = []
    for parameter in PARAMETERS:
        if parameter.name not in _SHORT:
            continue
        for sign, end in (("plus", parameter.high), ("minus", parameter.low)):
            if end == parameter.nominal:
                continue
            unit = f" {parameter.unit}" if parameter.unit else ""
            meaning = f"{parameter.name} {end:g}{unit}"
            name = f"{_SHORT[parameter.name]}-{sign}"
            throws.append(Throw(name, {**_NOMINAL, parameter.name: end}, meaning))
    return tuple(throws)


THROWS = (
    Throw("nominal", dict(_NOMINAL), "all parameters nominal"),
    *(_kept(percent) for percent in range(0, 101, 5)),
    *_ends(),
)
"""The nominal throw; the 21 kept fractions of arXiv:2502.07724 (``kept-50`` is another name of the
nominal setting); each other parameter at the ends of its range."""
