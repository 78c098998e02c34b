"""The demo: tracks and showers from the simulated files that km3net-testdata ships."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hitclr.demo import Demo
from hitclr.optional import require
from hitclr_km3net.schemas import MC_LABEL, OFFLINE

__all__ = ["DEMO", "demo_settings"]

_MUON_CC_ORCA6 = "mcv6.0.gsg_muon_highE-CC_50-500GeV.km3sim.jterbr00008357.jorcarec.aanet.905.root"
# The package ships this one twice, byte for byte: the other name is without `aanet`.
_NUE_CC_ORCA115 = (
    "mcv5.0.gsg_elec-CC_10-100GeV.km3sim.JDK.jte.jmergefit.orca.aanet.909.evtsample.root"
)
_NUE_CC_ARCA = "mcv6.gsg_nue-CCHEDIS_1e4-1e6GeV.sirene.jte.jchain.aanet.1.root"
_ANUMU_NC_ARCA = "mcv5.1.genhen_anumuNC.sirene.jte.jchain.aashower.sample.root"
_MIXED_ORCA6 = (
    "KM3NeT_00000049_00011291.mc.gsg_neutrinos.km3sim_sirene_merged.jterbr.jppmuon_jppshower_"
    "static.offline.v9.2.sample.root"
)


def demo_settings() -> Mapping[str, Any]:
    """The settings of the demo, with the paths of the installed files.

    Raises:
        MissingExtraError: km3net-testdata is not installed.
    """
    testdata = require("km3net_testdata", purpose="the km3net demo", install="hitclr-km3net[demo]")

    def files(name: str) -> list[str]:
        return [str(testdata.data_path(f"offline/{name}"))]

    return {
        "schema": OFFLINE.name,
        "data": {
            "samples": {
                "muon-cc-orca6": {"files": files(_MUON_CC_ORCA6), "label": "track"},
                "nue-cc-orca115": {"files": files(_NUE_CC_ORCA115), "label": "shower"},
                "nue-cc-arca": {"files": files(_NUE_CC_ARCA), "label": "shower"},
                "anumu-nc-arca": {"files": files(_ANUMU_NC_ARCA), "label": "shower"},
                "mixed-orca6": {
                    "files": files(_MIXED_ORCA6),
                    "label": MC_LABEL.model_dump(mode="json"),
                    "use": "test",
                },
            },
            "split": {"validation": 0.15, "test": 0.2},
            "batch_size": 64,
        },
        "views": {
            "augmentations": [
                {"name": "km3net-rotation"},
                {"name": "km3net-module-dropout"},
                {"name": "km3net-time-jitter", "module_sigma_ns": 1.0},
                {"name": "km3net-noise"},
            ]
        },
        "encoder": {"name": "graph-convnext", "size": "tiny"},
        "method": {"name": "contrastive", "alpha": 0.5},
        "trainer": {"epochs": 30},
        "seed": 1,
    }


_NOTES = (
    (
        "The events are KM3NeT's own simulation, from the PyPI package km3net-testdata: 140 "
        "tracks and 51 showers to train on and to hold out, 30 further events for the test."
    ),
    (
        "In the training files the class goes with the detector. All tracks are charged-current "
        "muon neutrinos of 50 to 500 GeV in the six strings of ORCA6. All showers are from "
        "detectors of 115 strings: 10 electron neutrinos of 10 to 57 GeV in ORCA, 31 of 10 to "
        "570 TeV in ARCA, and 10 neutral-current muon antineutrinos of 231 to 306 GeV in ARCA."
    ),
    (
        "So a good score on the held-out events of these files proves little: telling the "
        "detectors apart is enough for it."
    ),
    (
        "The honest test is the sample mixed-orca6, which is never trained on: 30 neutrinos of "
        "1.3 GeV to 5.6 TeV in ORCA6, 14 tracks and 16 showers by Monte Carlo truth. It is of "
        "another production, which puts the same detector 6.3 m lower. With 30 events the "
        "interval of any score is wide."
    ),
    (
        "Hits are those that a trigger used: at the median 39 in an event of the track file, 26 "
        "in mixed-orca6, 284 in the high-energy ARCA file."
    ),
)
"""Counted from the files; ``tests/test_demo.py`` counts again."""

DEMO = Demo(
    title="Tracks and showers in KM3NeT",
    settings=demo_settings,
    notes=_NOTES,
)
"""What ``hitclr demo km3net`` runs."""
