from __future__ import annotations

import math

import pytest
import torch

from hitclr.augment import Translation
from hitclr.testing import check_augmentation, make_events
from hitclr.testing.compare import batch_difference, rows_that_differ


def test_nan_equals_nan_and_nothing_else():
    one = torch.tensor([1.0, math.nan, math.nan, 2.0])
    two = torch.tensor([1.0, math.nan, 3.0, math.nan])
    assert rows_that_differ(one, two).tolist() == [2, 3]
    assert rows_that_differ(one, two, tolerance=0.1).tolist() == [2, 3]


def test_the_tolerance_is_relative_to_the_largest_number():
    one = torch.tensor([[100.0, 0.0], [0.0, 0.0]])
    two = one + torch.tensor([[0.0, 0.5], [1.5, 0.0]])
    assert rows_that_differ(one, two).tolist() == [0, 1]
    assert rows_that_differ(one, two, tolerance=0.01).tolist() == [1]


def test_whole_numbers_have_no_tolerance():
    assert rows_that_differ(torch.tensor([100, 7]), torch.tensor([101, 7]), 0.5).tolist() == [0]


def test_empty_columns_do_not_differ():
    assert rows_that_differ(torch.zeros(0, 3), torch.zeros(0, 3)).tolist() == []


@pytest.mark.parametrize("column", ["pos", "x", "hit_module", "y", "event_id", "energy"])
def test_a_difference_in_any_column_is_told_at_the_smallest_event(column):
    batch, other = make_events(1, (4, 2, 3)), make_events(1, (4, 2, 3))
    assert batch_difference(batch, other) is None
    other[column] = other[column] + 1
    assert f"column '{column}', event 1 of 2 hits" in batch_difference(batch, other)


def test_observers_may_be_missing():
    batch = make_events(1)
    batch.energy[::2] = math.nan
    check_augmentation(Translation(1.0), batch)
