"""The physics of the detector. `pytest --hitclr-conformance` checks hitclr's contracts."""

import pytest
import torch
from hitclr.detectors import Deposits, Throws
from hitclr.rng import generator

from hitclr_newdet import DETECTOR

EVENTS = 1000


def respond(place, energy, **changes):
    """The hits of many events with one deposit of some MeV at one place."""
    deposits = Deposits(
        ptr=torch.arange(EVENTS + 1),
        pos=torch.tensor(place).expand(EVENTS, 3),
        energy=torch.full((EVENTS,), energy),
        length=torch.full((EVENTS,), 0.5),
        time=torch.zeros(EVENTS),
    )
    throw = DETECTOR.change(DETECTOR.throw(), changes)
    return DETECTOR.respond(deposits, Throws.same(throw, EVENTS), generator(1))


@pytest.mark.parametrize("light_yield", [4.0, 6.0])
def test_charge_is_poisson_distributed_around_the_light_yield(light_yield):
    hits = respond((0.3, -0.3, 99.9), 20.0, light_yield=light_yield)
    charge, mean = hits.hits["x"], light_yield * 20.0
    assert len(charge) == EVENTS
    # Five standard deviations of the mean and of the variance.
    assert float(charge.mean()) == pytest.approx(mean, abs=5 * (mean / EVENTS) ** 0.5)
    assert float(charge.var()) == pytest.approx(mean, abs=5 * mean * (2 / EVENTS) ** 0.5)
    assert hits.hits["pos"].unique(dim=0).tolist() == [[1.0, -1.0, 99.0]]


def test_the_threshold_is_the_smallest_charge():
    charge = respond((0.0, 0.0, 0.0), 1.0, threshold=4.0).hits["x"]
    assert float(charge.min()) == 4.0


def test_dead_modules_are_dead_in_all_events():
    assert respond((0.0, 0.0, 0.0), 20.0, dead_fraction=1.0).num_hits == 0


def test_energy_outside_is_lost():
    assert respond((0.0, 0.0, 100.1), 20.0).num_hits == 0
