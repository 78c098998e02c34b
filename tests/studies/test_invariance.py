"""How much of the detector is left in a representation."""

from __future__ import annotations

import numpy as np
import pytest

from hitclr.studies.invariance import domain_accuracy, invariance, linear_cka


def rotation(random, size):
    return np.linalg.qr(random.standard_normal((size, size)))[0]


def test_cka_is_that_of_the_gram_matrices():
    """Kornblith et al. 2019, eqs. 2 to 4, on kernels of M x M."""
    random = np.random.default_rng(0)
    one = random.standard_normal((40, 5)) + 3
    other = one @ random.standard_normal((5, 7)) + random.standard_normal((40, 7))
    centring = np.eye(40) - 1 / 40
    k, m = (centring @ part @ part.T @ centring for part in (one, other))
    expected = np.sum(k * m) / np.sqrt(np.sum(k * k) * np.sum(m * m))
    assert 0.1 < expected < 0.9
    assert linear_cka(one, other) == pytest.approx(expected)
    assert linear_cka(1e-180 * one, 1e180 * other) == pytest.approx(expected)


def test_cka_does_not_see_rotation_scale_and_place():
    random = np.random.default_rng(1)
    one = random.standard_normal((50, 4))
    assert linear_cka(one, 3 * one @ rotation(random, 4) + 7) == pytest.approx(1.0)
    assert linear_cka(one, random.standard_normal((50, 4))) < 0.3
    constant = np.full((50, 4), 0.1)
    assert linear_cka(one, constant) is None
    assert linear_cka(constant, one) is None


def test_domain_accuracy():
    random = np.random.default_rng(2)
    one = random.standard_normal((400, 6))
    assert domain_accuracy(one, one + 5) == 1
    assert 0.42 < domain_accuracy(one, random.standard_normal((400, 6))) < 0.58
    # Along the best direction two normal distributions overlap so that 84 % are on their side.
    assert domain_accuracy(one, one + 2 * np.eye(6)[0]) == pytest.approx(0.84, abs=0.04)


def test_an_event_is_never_fitted_and_tested_on():
    """As many columns as events let a fit know each event that it has seen."""
    random = np.random.default_rng(3)
    one = 10 * random.standard_normal((100, 200))
    other = one + 1e-3 * random.standard_normal((100, 200))
    assert 0.3 < domain_accuracy(one, other) < 0.7
    assert domain_accuracy(one, one.copy()) == 0.5


def test_events_are_paired_by_their_keys():
    random = np.random.default_rng(4)
    keys = random.permutation(1000)[:60]
    embedding = random.standard_normal((60, 4))
    order = random.permutation(60)[:50]
    found = invariance(embedding, keys, embedding[order], keys[order])
    assert found["alignment"] == pytest.approx(0.0, abs=1e-12)
    assert found["CKA"] == pytest.approx(1.0)
    assert found["domain accuracy"] == 0.5
    assert invariance(embedding, keys, -embedding, keys)["alignment"] == pytest.approx(4.0)


def test_so_many_events_drawn_by_the_seed():
    """Half of the events are turned round, which each event adds 4 to the alignment's sum."""
    keys = np.arange(200)
    one = np.random.default_rng(5).standard_normal((200, 3))
    other = np.where(keys[:, None] < 100, -one, one)
    each = [
        invariance(one, keys, other, keys, events=40, seed=s)["alignment"] for s in (1, 1, 2, 3)
    ]
    assert each[0] == each[1]
    assert len(set(each)) > 1
    assert all(0.8 < value < 3.2 for value in each), "not the lowest keys, which give 4"
    counts = [value * 10 for value in each]
    assert counts == pytest.approx(np.round(counts)), "of 40 events"


def test_nothing_where_there_is_nothing_to_compare():
    one, keys = np.random.default_rng(6).standard_normal((60, 4)), np.arange(60)
    nothing = {"alignment": None, "domain accuracy": None, "CKA": None}
    assert invariance(one, keys, one, keys + 50) == nothing
    broken = one.copy()
    broken[3, 2] = np.inf
    assert invariance(one, keys, broken, keys) == nothing
