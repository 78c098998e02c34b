"""Expected calibration error."""

from __future__ import annotations

import numpy as np
import pytest

from hitclr.studies.calibration import calibration_error


def sample(random, number, stretch):
    """Two classes; the truth is as often the likelier one as ``sure``, which is then stretched."""
    sure = random.uniform(0.6, 0.9, number)
    labels = (random.random(number) >= sure).astype(np.int64)
    said = sure + stretch
    return labels, np.stack([said, 1 - said], 1)


@pytest.mark.parametrize("bins", [1, 10, 15])
def test_against_a_loop(bins):
    random = np.random.default_rng(0)
    scores = random.dirichlet(np.ones(3), 500)
    labels = random.integers(-1, 3, 500)
    known = labels >= 0
    sure, right = scores[known].max(1), scores[known].argmax(1) == labels[known]
    total = 0.0
    for number in range(bins):
        inside = (sure * bins > number) & (sure * bins <= number + 1)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - sure[inside].mean())
    found = calibration_error(labels, scores, bins=bins)
    assert found.value == pytest.approx(total)
    assert found.events == known.sum()


def test_an_edge_belongs_to_the_lower_bin():
    """In one bin the two would partly cancel: one is right, the other wrong."""
    scores = np.array([[0.5, 0.3, 0.2], [0.55, 0.3, 0.15]])
    found = calibration_error(np.array([0, 1]), scores, bins=10)
    assert found.value == pytest.approx((0.5 + 0.55) / 2)


def test_ends_and_nothing():
    certain = np.array([[1.0, 0.0]])
    assert calibration_error(np.array([0]), certain).value == 0.0
    assert calibration_error(np.array([1]), certain).value == 1.0
    none = calibration_error(np.array([-1]), certain)
    assert (none.value, none.low, none.events) == (None, None, 0)


def test_a_calibrated_classifier_is_near_0():
    labels, scores = sample(np.random.default_rng(1), 20_000, 0.0)
    assert calibration_error(labels, scores).value < 0.02


def test_the_interval_covers_the_truth():
    """All bins are on one side: the error is the stretch."""
    random = np.random.default_rng(2)
    held = 0
    for _ in range(200):
        found = calibration_error(*sample(random, 2000, 0.08))
        held += found.low <= 0.08 <= found.high
    assert 180 <= held <= 199
