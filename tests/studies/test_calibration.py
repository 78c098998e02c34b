"""Expected calibration error."""

from __future__ import annotations

import numpy as np
import pytest

from hitclr.studies.calibration import calibration_error


def test_against_a_loop():
    random = np.random.default_rng(0)
    scores = random.dirichlet(np.ones(3), 500)
    labels = random.integers(-1, 3, 500)
    known = labels >= 0
    sure, right = scores[known].max(1), scores[known].argmax(1) == labels[known]
    total = 0.0
    for number in range(15):
        inside = (sure > number / 15) & (sure <= (number + 1) / 15)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - sure[inside].mean())
    assert calibration_error(labels, scores) == pytest.approx(total)


def test_ends_and_nothing():
    certain = np.array([[1.0, 0.0]])
    assert calibration_error(np.array([0]), certain) == 0.0
    assert calibration_error(np.array([1]), certain) == 1.0
    assert calibration_error(np.array([-1]), certain) is None


def test_a_calibrated_classifier_is_near_0():
    random = np.random.default_rng(1)
    sure = random.uniform(0.5, 1, 20_000)
    labels = (random.random(20_000) >= sure).astype(np.int64)
    assert calibration_error(labels, np.stack([sure, 1 - sure], 1)) < 0.02
