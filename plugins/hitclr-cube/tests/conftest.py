import numpy as np
import pytest
import torch
from hitclr_cube import CUBE

from hitclr.detectors import Deposits, Throws, shoot
from hitclr.events import ptr_from_counts
from hitclr.rng import generator


def make_deposits(counts, pos, energy, length):
    counts = torch.tensor(counts)
    number = len(counts)
    pos = torch.as_tensor(pos, dtype=torch.float32).reshape(-1, 3)
    rows = pos.size(0)
    return Deposits(
        ptr_from_counts(counts),
        pos,
        torch.as_tensor(energy, dtype=torch.float32).expand(rows).clone(),
        torch.as_tensor(length, dtype=torch.float32).expand(rows).clone(),
        torch.zeros(rows),
        {"event": torch.arange(100, 100 + number), "pdg": torch.full((number,), 13)},
    )


def make_throws(count, **values):
    """The nominal throw with some values changed: one for all events, or one for each."""
    throws = Throws.same(CUBE.throw(), count)
    changed = {k: torch.as_tensor(v, dtype=torch.float32).expand(count) for k, v in values.items()}
    assert changed.keys() <= set(throws.values)
    return Throws({**throws.values, **changed}, throws.channels)


@pytest.fixture(scope="session")
def shower():
    """The deposits of 40 events of all four classes."""
    random = np.random.default_rng(7)
    return shoot(CUBE.beam.draw(0, 40, random), CUBE.material, random, step=CUBE.step)


@pytest.fixture(scope="session")
def events(shower):
    """Their hits, at the nominal throw."""
    return CUBE.respond(shower, make_throws(len(shower)), generator(1))


@pytest.fixture
def deposits_of():
    return make_deposits


@pytest.fixture
def throws_of():
    return make_throws
