import numpy as np
import pytest
import torch
from hitclr_lartpc import LARTPC

from hitclr.detectors import Deposits, Throws, shoot
from hitclr.rng import generator


def line(way, count=4000, energy=0.5, length=0.25, late=0.0):
    """One event: deposits along z at a given way to the pixels of the volume with x < -300."""
    pos = torch.zeros(count, 3)
    pos[:, 0] = -350.0 + way
    pos[:, 2] = torch.linspace(-240, 240, count)
    return Deposits(
        torch.tensor([0, count]),
        pos,
        torch.full((count,), energy),
        torch.full((count,), length),
        torch.full((count,), late),
    )


@pytest.fixture
def make_line():
    return line


@pytest.fixture
def throws_of():
    """Throws for events, the nominal ones but for what is given: numbers, or one for each event."""

    def make(count=1, **changes):
        made = Throws.same(LARTPC.throw(), count)
        values = dict(made.values)
        for name, value in changes.items():
            values[name] = torch.as_tensor(value, dtype=torch.float32).expand(count).clone()
        return Throws(values, made.channels)

    return make


@pytest.fixture(scope="session")
def deposits():
    """30 events of all classes."""
    primaries = LARTPC.beam.draw(0, 30, np.random.default_rng(0))
    return shoot(primaries, LARTPC.material, np.random.default_rng(1), step=LARTPC.step)


@pytest.fixture
def batch(deposits):
    store = LARTPC.respond(deposits, Throws.same(LARTPC.throw(), len(deposits)), generator(0))
    seen = torch.nonzero(store.hits_per_event() >= 4)[:, 0]
    return store.batch(seen)
