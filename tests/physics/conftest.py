"""Runs of the particle gun that several tests look at."""

from functools import lru_cache

import numpy as np
import pytest

from hitclr.detectors import Primaries
from hitclr.detectors.gun import LIQUID_ARGON, POLYSTYRENE
from hitclr.detectors.gun.account import Account
from hitclr.detectors.gun.particles import PDG_TO_KIND, Particles
from hitclr.detectors.gun.shoot import shoot_and_account
from hitclr.detectors.gun.transport import Transport

MATERIALS = {"argon": LIQUID_ARGON, "polystyrene": POLYSTYRENE}


@lru_cache(maxsize=32)
def _shot(pdg, energy, material, count=200, step=0.25, seed=1):
    """Particles of one kind and energy along z from the origin: deposits, and what is unseen."""
    primaries = Primaries(
        np.arange(count),
        np.full(count, pdg),
        np.full(count, float(energy)),
        np.zeros((count, 3)),
        np.tile([0.0, 0.0, 1.0], (count, 1)),
    )
    return shoot_and_account(primaries, MATERIALS[material], np.random.default_rng(seed), step=step)


def _primaries(kind, energy, count):
    return Particles(
        np.arange(count),
        np.full(count, kind),
        np.zeros((count, 3)),
        np.tile([0.0, 0.0, 1.0], (count, 1)),
        np.full(count, float(energy)),
        np.zeros(count),
        np.zeros(count),
    )


@lru_cache(maxsize=32)
def _path_lengths(kind, energy, material, count=200, step=0.25):
    """How far in cm primaries of one kind come until they stop; NaN where they end otherwise."""
    transport = Transport(MATERIALS[material], step, Account(count), np.random.default_rng(2))
    flying = _primaries(kind, energy, count)
    tables, path = transport.tables, np.full(count, np.nan)
    while len(flying):
        moved = Particles.join([part for part in transport._walk(flying) if len(part)])
        moved = moved.take((moved.kind == kind) & (moved.path > 0))  # without secondaries
        stopped = moved.energy <= tables.stop[kind]
        rest = tables.stop_range[kind] * moved.energy[stopped] / tables.stop[kind]
        path[moved.event[stopped]] = moved.path[stopped] + rest
        flying = moved.take(~stopped)
    return path


def _walked(kind, energy, material, count, distance, step=0.05):
    """Primaries after a path of ``distance`` cm or one step more, without their secondaries."""
    transport = Transport(MATERIALS[material], step, Account(count), np.random.default_rng(3))
    flying = _primaries(kind, energy, count)
    there = []
    while len(flying):
        moved = Particles.join([part for part in transport._walk(flying) if len(part)])
        moved = moved.take((moved.kind == kind) & (moved.path > 0))
        there.append(moved.take(moved.path >= distance))
        flying = moved.take(moved.path < distance)
    return Particles.join(there)


@pytest.fixture
def walked():
    return _walked


def _flown(pdg, energy, material, count):
    """How far in cm neutral primaries come until they first interact."""
    transport = Transport(MATERIALS[material], 1.0, Account(count), np.random.default_rng(4))
    flying = _primaries(PDG_TO_KIND[pdg], energy, count)
    transport._fly(flying)
    return flying.pos[:, 2]


@pytest.fixture
def flown():
    return _flown


@pytest.fixture
def shot():
    return _shot


@pytest.fixture
def path_lengths():
    return _path_lengths
