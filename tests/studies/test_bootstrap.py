"""Resampling of events against slow loops and the closed form of its variance."""

from __future__ import annotations

import numpy as np
import pytest

from hitclr.studies.bootstrap import Answers, resample_events


def answers(random, chance, *, seeds=3, events=400, throws=4, lost=0.1):
    """Answers that are right with a chance; some events are lost under some throws."""
    there = random.random((events, throws)) >= lost
    right = (random.random((seeds, events, throws)) < chance) & there
    return Answers(right, there)


def test_accuracies_are_of_the_events_that_are_there():
    one = answers(np.random.default_rng(0), 0.7)
    found = one.accuracies()
    for throw in range(4):
        there = one.there[:, throw]
        each = [one.right[seed, there, throw].mean() for seed in range(3)]
        assert found[:, throw] == pytest.approx(each)


def test_what_is_drawn_against_a_loop(monkeypatch):
    """The same events for all throws, seeds and methods; however the events are cut in blocks."""
    random = np.random.default_rng(1)
    methods = [answers(random, 0.6, events=30), answers(random, 0.8, events=30, seeds=2)]
    found = resample_events(methods, resamplings=5, seed=3)
    times = np.random.default_rng(3).poisson(1.0, (30, 5)).T
    assert [one.shape for one in found] == [(5, 3, 4), (5, 2, 4)]
    for method, drawn in zip(methods, found, strict=True):
        for number, seed, throw in np.ndindex(drawn.shape):
            rows = np.repeat(np.arange(30), times[number])
            right = method.right[seed, rows, throw].sum()
            expected = right / method.there[rows, throw].sum()
            assert drawn[number, seed, throw] == pytest.approx(expected)
    monkeypatch.setattr("hitclr.studies.bootstrap._BLOCK", 35)
    in_blocks = resample_events(methods, resamplings=5, seed=3)
    assert all(np.array_equal(one, two) for one, two in zip(in_blocks, found, strict=True))


def test_the_variance_is_that_of_a_proportion():
    one = answers(np.random.default_rng(2), 0.7, seeds=1, events=500, throws=2, lost=0.3)
    (drawn,) = resample_events([one], resamplings=4000)
    p = one.accuracies()[0]
    expected = np.sqrt(p * (1 - p) / one.there.sum(0))
    assert drawn[:, 0].std(0) == pytest.approx(expected, rel=0.06)
    assert drawn[:, 0].mean(0) == pytest.approx(p, abs=0.003)


def test_an_event_is_drawn_under_all_throws_and_for_all_methods():
    """What always goes together has no difference in any resampling."""
    random = np.random.default_rng(3)
    one = answers(random, 0.7, seeds=1, throws=1, lost=0.0)
    twice = Answers(one.right.repeat(2, axis=2), one.there.repeat(2, axis=1))
    first, second = resample_events([one, twice])
    assert np.array_equal(second[..., 0], second[..., 1])
    assert np.array_equal(first[..., 0], second[..., 0])
    assert first.std() > 0.01


def test_nothing_to_resample():
    assert resample_events([]) == []
    nowhere = Answers(np.zeros((1, 5, 2), bool), np.zeros((5, 2), bool))
    (found,) = resample_events([nowhere], resamplings=3)
    assert np.isnan(found).all()
    assert np.isnan(nowhere.accuracies()).all()
