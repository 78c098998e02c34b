import functools
from pathlib import Path

import pytest
import torch
from hitclr_km3net import OFFLINE_SNAPSHOT
from km3net_testdata import data_path

from hitclr.io import BadInput, Sample, read_samples
from hitclr.testing import Example

MUONS = "offline/mcv6.0.gsg_muon_highE-CC_50-500GeV.km3sim.jterbr00008357.jorcarec.aanet.905.root"


@functools.cache
def read_muons():
    sample = Sample("muons", (Path(data_path(MUONS)),), label="track")
    return read_samples(OFFLINE_SNAPSHOT, [sample], BadInput())


def pytest_hitclr_example(kind, name):
    """The conformance kit takes simulated events, the smallest ones, for augmentations."""
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
