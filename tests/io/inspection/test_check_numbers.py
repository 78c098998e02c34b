"""Numbers gathered piece by piece are those of all values at once."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hitclr.io.inspection.check_numbers import ColumnCheck, HitCounts


def of(values, dtype=np.float64):
    return ColumnCheck.of(np.array(values, dtype=dtype), "q", "feature", "pe")


# Machines that run tests may be slow.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
NUMBERS = st.floats(-1e6, 1e6, width=32) | st.sampled_from([math.nan, math.inf, -math.inf])


@patient
@given(st.lists(st.lists(NUMBERS, max_size=6), min_size=1, max_size=5))
def test_a_sum_is_the_check_of_all_values(parts):
    found = of(parts[0], np.float32)
    for part in parts[1:]:
        found += of(part, np.float32)
    values = np.array([value for part in parts for value in part], dtype=np.float64)
    finite = values[np.isfinite(values)]
    assert found.values == finite.size
    assert found.nan == np.isnan(values).sum()
    assert found.infinite == np.isinf(values).sum()
    assert (found.name, found.role, found.unit) == ("q", "feature", "pe")
    if finite.size:
        assert (found.minimum, found.maximum) == (finite.min(), finite.max())
        assert found.mean == pytest.approx(finite.mean(), rel=1e-9, abs=1e-6)
        assert found.deviation == pytest.approx(finite.std(), rel=1e-6, abs=1e-6)
    else:
        assert (found.minimum, found.maximum) == (None, None)
        assert math.isnan(found.mean)
        assert math.isnan(found.deviation)


def test_a_small_deviation_far_from_zero_survives():
    rng = np.random.default_rng(0)
    values = 1e9 + rng.normal(0, 1e-3, 4000)
    found = sum((of(part) for part in np.split(values, 40)[1:]), of(np.split(values, 40)[0]))
    assert found.deviation == pytest.approx(values.std(), rel=1e-4)


def test_integers_are_exact():
    most = 2**63 - 1
    found = of([most - 1, most], np.int64) + of([-5], np.int64)
    assert (found.minimum, found.maximum) == (-5, most)
    assert isinstance(found.maximum, int)


def test_numbers_too_large_to_square_are_no_error():
    found = of([1e308, -1e308, 1e308, 1e308]) + of([-1e308] * 2)
    assert (found.minimum, found.maximum) == (-1e308, 1e308)


@pytest.mark.parametrize(
    ("values", "constant"),
    [
        ([3.0, 3.0], True),
        ([3.0], False),
        ([3.0, 3.5], False),
        ([3.0, 3.0, math.nan], False),
        ([], False),
    ],
)
def test_constant(values, constant):
    assert of(values).constant == constant


@patient
@given(st.lists(st.lists(st.integers(1, 300), max_size=8), min_size=1, max_size=4))
def test_hits_per_event(parts):
    found = HitCounts()
    for part in parts:
        found += HitCounts.of(np.concatenate([[0], np.cumsum(part)]).astype(np.int64))
    counts = np.array([number for part in parts for number in part])
    assert len(found) == len(counts)
    assert found.hits == counts.sum()
    if not len(counts):
        assert (found.minimum, found.maximum, found.quantile(0.5)) == (None, None, None)
        assert math.isnan(found.mean)
        assert found.histogram(4) == []
        return
    assert (found.minimum, found.maximum) == (counts.min(), counts.max())
    assert found.mean == pytest.approx(counts.mean())
    for fraction in (0.0, 0.25, 0.5, 0.99, 1.0):
        expected = np.quantile(counts, fraction, method="inverted_cdf")
        assert found.quantile(fraction) == expected


@patient
@given(st.lists(st.integers(1, 500), min_size=1, max_size=50), st.integers(1, 30))
def test_histogram_holds_every_event_in_bins_of_whole_hits(counts, bins):
    filled = HitCounts.of(np.concatenate([[0], np.cumsum(counts)])).histogram(bins)
    assert 1 <= len(filled) <= bins
    width = math.ceil((max(counts) - min(counts) + 1) / bins)
    edges = min(counts) + width * np.arange(len(filled) + 1)
    assert edges[-1] > max(counts) >= edges[-2]
    assert filled == np.histogram(counts, edges)[0].tolist()
