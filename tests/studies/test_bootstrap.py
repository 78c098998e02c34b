"""Resampling of events and seeds, against slow loops and simulated experiments."""

from __future__ import annotations

import numpy as np
import pytest

from hitclr.studies.bootstrap import Answers, holm, interval, p_value, resample


def answers(random, chance, *, seeds=(1, 2, 3), events=400, throws=4, spread=0.0, lost=0.1):
    """Answers that are right with a chance, which may vary from seed to seed."""
    there = random.random((events, throws)) >= lost
    of_seed = chance + spread * random.standard_normal((len(seeds), 1, 1))
    right = (random.random((len(seeds), events, throws)) < of_seed) & there
    return Answers(right, there, tuple(seeds))


def test_the_value_is_the_mean_over_seeds_of_the_events_that_are_there():
    one = answers(np.random.default_rng(0), 0.7)
    (found,) = resample([one], resamplings=10)
    for throw in range(4):
        there = one.there[:, throw]
        each = [one.right[seed, there, throw].mean() for seed in range(3)]
        assert found.by_seed[:, throw] == pytest.approx(each)
        assert found.value[throw] == pytest.approx(np.mean(each))


def test_what_is_drawn_against_a_loop(monkeypatch):
    """The same events for all throws, seeds and methods, and the same seeds for equal ones."""
    random = np.random.default_rng(1)
    one, two = answers(random, 0.6, events=30), answers(random, 0.8, events=30)
    two = Answers(two.right & one.there, one.there, one.seeds)
    found = resample([one, two], resamplings=5, seed=3)
    source = np.random.default_rng([3, 0])
    weights = source.multinomial(30, np.full(30, 1 / 30), 5)
    shares = np.random.default_rng([3, 1, 1, 2, 3]).multinomial(2, np.full(3, 1 / 3), 5) / 2
    for method, drawn in zip((one, two), found, strict=True):
        for number in range(5):
            rows = np.repeat(np.arange(30), weights[number])
            for throw in range(4):
                there = method.there[rows, throw]
                each = [method.right[seed, rows, throw].sum() / there.sum() for seed in range(3)]
                expected = float(np.dot(shares[number], each))
                assert drawn.drawn[number, throw] == pytest.approx(expected)
    monkeypatch.setattr("hitclr.studies.bootstrap._BLOCK", 100)
    in_blocks = resample([one, two], resamplings=5, seed=3)
    assert np.allclose(in_blocks[1].drawn, found[1].drawn)


def test_seeds_widen_the_interval_and_one_seed_does_not():
    random = np.random.default_rng(2)
    chances = np.array([0.4, 0.6, 0.8])[:, None, None]
    apart = answers(random, chances, events=1000)
    (many,) = resample([apart])
    alone = Answers(apart.right[:1], apart.there, apart.seeds[:1])
    (single,) = resample([alone])
    assert many.drawn[:, 0].std() > 5 * single.drawn[:, 0].std()
    # Unbiased for the variance of the mean over seeds.
    of_seeds = many.by_seed[:, 0].std(ddof=1) / np.sqrt(3)
    assert many.drawn[:, 0].std() == pytest.approx(of_seeds, rel=0.15)


def test_common_events_make_a_difference_surer():
    """Two methods that are wrong on the same events differ by less than either is unsure."""
    random = np.random.default_rng(3)
    one = answers(random, 0.7, seeds=(1,), lost=0.0)
    also = one.right | (random.random(one.right.shape) < 0.1)
    first, second = resample([one, Answers(also, one.there, (1,))])
    difference = second.drawn[:, 0] - first.drawn[:, 0]
    assert difference.std() < 0.7 * first.drawn[:, 0].std()


def test_intervals_cover_the_truth():
    """Of 200 experiments with 8 seeds about 95 % have the truth in their interval."""
    random = np.random.default_rng(4)
    hits = {"mean": 0, "difference": 0, "worst": 0}
    for number in range(200):
        one = answers(random, 0.7, seeds=range(8), events=200, throws=2, spread=0.03, lost=0.05)
        two = answers(random, 0.7, seeds=range(8), events=200, throws=2, spread=0.03, lost=0.05)
        first, second = resample([one, two], resamplings=200, seed=number)
        mean = first.value.mean(), first.drawn.mean(1)
        difference = mean[0] - second.value.mean(), mean[1] - second.drawn.mean(1)
        for name, truth, (value, drawn) in (
            ("mean", 0.7, mean),
            ("difference", 0.0, difference),
            ("worst", 0.7, (first.value.min(), first.drawn.min(1))),
        ):
            low, high = interval(value, drawn)
            hits[name] += low <= truth <= high
    assert 175 <= hits["mean"] <= 199
    assert 175 <= hits["difference"] <= 199
    assert hits["worst"] >= 150


def test_an_interval_is_moved_to_its_value():
    drawn = np.random.default_rng(5).normal(0.4, 0.1, 4000)
    low, high = interval(0.5, drawn)
    assert low == pytest.approx(0.5 - 0.196, abs=0.01)
    assert high == pytest.approx(0.5 + 0.196, abs=0.01)
    assert interval(float("nan"), drawn) == (None, None)
    assert interval(0.5, np.array([0.1, np.nan])) == (None, None)


def test_p_values():
    drawn = np.random.default_rng(6).normal(0.3, 0.1, 4000)
    assert p_value(0.0, drawn) == 1.0
    assert p_value(0.196, drawn) == pytest.approx(0.05, abs=0.012)
    assert p_value(-0.196, drawn) == pytest.approx(0.05, abs=0.012)
    assert p_value(3.0, drawn) == 1 / 4001, "never 0"
    assert p_value(float("nan"), drawn) is None


def test_holm_by_hand():
    """Sorted: .005 * 4, .01 * 3, .03 * 2, .04 * 1, then none below the one before."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_nothing_to_resample():
    assert resample([]) == []
    nowhere = Answers(np.zeros((1, 5, 2), bool), np.zeros((5, 2), bool), (1,))
    (found,) = resample([nowhere], resamplings=3)
    assert np.isnan(found.value).all()
