import functools
from pathlib import Path

import pytest
import torch
from hitclr_km3net import OFFLINE_SNAPSHOT
from km3net_testdata import data_path

from hitclr.io import BadInput, Sample, read_samples
from hitclr.testing import Example

MUONS = "offline/mcv6.0.gsg_muon_highE-CC_50-500GeV.km3sim.jterbr00008357.jorcarec.aanet.905.root"
EXAMPLES = {
    "km3net-daq": ("detx/km3net_offline.detx", "online/km3net_online.root"),
    "km3net-offline-detx": (
        "detx/orca_115strings_av20min17mhorizontal_18OMs_alt9mvertical_v2.detx",
        "offline/mcv5.0.gsg_elec-CC_10-100GeV.km3sim.JDK.jte.jmergefit.orca.aanet.909.evtsample.root",
    ),
}


@functools.cache
def read_muons():
    sample = Sample("muons", (Path(data_path(MUONS)),), label="track")
    return read_samples(OFFLINE_SNAPSHOT, [sample], BadInput())


def pytest_hitclr_example(kind, name):
    """What the conformance kit takes: the smallest simulated events, and files for makers."""
    if kind == "schema-maker":
        detx, file = EXAMPLES[name]
        return Example({"detx": data_path(detx)}, files=[data_path(file)])
    if kind != "augmentation":
        return None
    muons = read_muons()
    return Example(batch=muons.batch(muons.hits_per_event().argsort()[:5]))


@pytest.fixture(scope="session")
def muons():
    """All hits of 140 simulated events in ORCA6."""
    return read_muons()


@pytest.fixture
def batch(muons):
    return muons.batch(torch.arange(len(muons)))
