"""Ragged reductions against plain loops."""

from __future__ import annotations

from pathlib import Path

import awkward as ak
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hitclr.io.reading.columns import (
    Source,
    any_per_event,
    event_values,
    key_values,
    list_parts,
    ragged_median,
    ragged_minimum,
)
from hitclr.io.schema import Column

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


def test_what_is_missing_is_nan_and_not_there():
    """Optional numbers, as RNTuples have them."""
    source = Source(Path("a.root"), "events", np.arange(3))
    counts, values = list_parts(ak.Array([[1, None], None, [3]]), "a", source)
    assert counts.tolist() == [2, 0, 1]
    np.testing.assert_array_equal(values, [1, np.nan, 3])
    one, first = Column(branch="a"), Column(branch="a", index=0)
    for array, column in ((ak.Array([1, None, 3]), one), (ak.Array([[1], None, [3, 4]]), first)):
        found, present = event_values(array, column, source)
        np.testing.assert_array_equal(found, [1, np.nan, 3])
        assert present.tolist() == [True, False, True]
        keys, there = key_values(array, column, source)
        assert there.tolist() == [True, False, True]
        assert keys[there].tolist() == [1, 3]
    keys, there = key_values(ak.Array([[1], [None], [2**62 + 1]]), first, source)
    assert there.tolist() == [True, False, True]
