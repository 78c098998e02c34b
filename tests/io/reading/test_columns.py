"""Ragged reductions against plain loops."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hitclr.io.reading.columns import any_per_event, ragged_median, ragged_minimum

ragged = st.lists(st.lists(st.floats(-1e9, 1e9), max_size=6), max_size=8)


@given(ragged)
def test_reductions_equal_loops(events):
    values = np.array([value for event in events for value in event], dtype=np.float64)
    ptr = np.concatenate([[0], np.cumsum([len(event) for event in events])]).astype(np.int64)
    medians = [np.median(event) if event else np.nan for event in events]
    minima = [min(event) if event else np.nan for event in events]
    np.testing.assert_array_equal(ragged_median(values, ptr), medians)
    np.testing.assert_array_equal(ragged_minimum(values, ptr), minima)
    expected = [any(value > 0 for value in event) for event in events]
    np.testing.assert_array_equal(any_per_event(values > 0, ptr), expected)
