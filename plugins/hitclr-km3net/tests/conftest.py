from pathlib import Path

import pytest
import torch
from hitclr_km3net import OFFLINE_SNAPSHOT
from km3net_testdata import data_path

from hitclr.io import BadInput, Sample, read_samples

MUONS = "offline/mcv6.0.gsg_muon_highE-CC_50-500GeV.km3sim.jterbr00008357.jorcarec.aanet.905.root"


@pytest.fixture(scope="session")
def muons():
    """All hits of 140 simulated events in ORCA6."""
    sample = Sample("muons", (Path(data_path(MUONS)),), label="track")
    return read_samples(OFFLINE_SNAPSHOT, [sample], BadInput())


@pytest.fixture
def batch(muons):
    return muons.batch(torch.arange(len(muons)))
