"""How much of the detector is left in a representation."""

from __future__ import annotations

import numpy as np
import pytest

from hitclr.studies.invariance import domain_accuracy, invariance, linear_cka


def rotation(random, size):
    return np.linalg.qr(random.standard_normal((size, size)))[0]


def test_cka_is_that_of_the_gram_matrices():
    """Kornblith et al. 2019, eqs. 1 and 2, on kernels of M x M."""
    random = np.random.default_rng(0)
    one, other = random.standard_normal((40, 5)), random.standard_normal((40, 7))
    centring = np.eye(40) - 1 / 40
    k, m = (centring @ part @ part.T @ centring for part in (one, other))
    expected = np.sum(k * m) / np.sqrt(np.sum(k * k) * np.sum(m * m))
    assert linear_cka(one, other) == pytest.approx(expected)


def test_cka_does_not_see_rotation_scale_and_shift():
    random = np.random.default_rng(1)
    one = random.standard_normal((50, 4))
    assert linear_cka(one, 3 * one @ rotation(random, 4) + 7) == pytest.approx(1.0)
    assert linear_cka(one, np.ones((50, 4))) == 0.0
    assert linear_cka(np.ones((50, 4)), np.zeros((50, 4))) == 1.0


def test_domain_accuracy():
    random = np.random.default_rng(2)
    one = random.standard_normal((200, 6))
    assert domain_accuracy(one, one + 5) > 0.95
    same = domain_accuracy(one, random.standard_normal((200, 6)))
    assert 0.35 < same < 0.65
    # With an event on two sides, its likeness would be taken for a sign of the throw.
    assert domain_accuracy(one, one.copy()) == pytest.approx(0.5)


def test_events_are_paired_by_their_keys():
    random = np.random.default_rng(3)
    keys = np.arange(60)
    embedding = random.standard_normal((60, 4))
    order = random.permutation(60)[:50]
    found = invariance(embedding, keys, embedding[order], keys[order])
    assert found["alignment"] == pytest.approx(0.0, abs=1e-12)
    assert found["CKA"] == pytest.approx(1.0)
    assert found["domain accuracy"] == pytest.approx(0.5)
    assert invariance(embedding, keys, embedding, keys + 55) == {}, "too few are common"
    fewer = invariance(embedding, keys, -embedding, keys, events=20)
    assert fewer["alignment"] == pytest.approx(4.0)
