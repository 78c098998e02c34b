"""Intervals and p-values against closed forms and simulated experiments; Holm by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import norm, t, ttest_1samp

from hitclr.studies.bootstrap import Answers, resample_events
from hitclr.studies.comparison import holm, seed_mean


def normal_draws(middle, error, number=2001):
    """Draws whose mean and standard deviation are just these."""
    draws = norm.ppf((np.arange(number) + 0.5) / number)
    return middle + error * draws / draws.std(ddof=1)


def test_without_a_spread_of_events_it_is_the_t_test_of_the_seeds():
    values = np.array([0.02, 0.03, 0.05, 0.01])
    found = seed_mean(values, np.full(50, values.mean()), least=-1)
    expected = ttest_1samp(values, 0)
    assert found.value == pytest.approx(values.mean())
    assert found.p == pytest.approx(expected.pvalue)
    interval = expected.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.spread == pytest.approx(values.std(ddof=1))


def test_one_seed_has_the_normal_interval_of_the_events():
    found = seed_mean(np.array([0.7]), normal_draws(0.7, 0.01), least=0)
    assert (found.low, found.high) == pytest.approx((0.7 - 0.0196, 0.7 + 0.0196), abs=1e-5)
    assert found.spread is None


def test_the_variances_add_up_and_so_do_degrees_of_freedom():
    values = np.array([0.68, 0.70, 0.72])  # spread .02
    found = seed_mean(values, normal_draws(0.7, 0.01), least=0)
    events, seeds = 0.01**2, 0.02**2 / 3
    freedom = (events + seeds) ** 2 / (seeds**2 / 2)
    half = t.ppf(0.975, freedom) * math.sqrt(events + seeds)
    assert (found.low, found.high) == pytest.approx((0.7 - half, 0.7 + half))


@pytest.mark.parametrize("distance", [0.5, 1.5, 1.95, 1.97, 3.0])
def test_p_is_below_a_twentieth_where_the_interval_excludes_0(distance):
    for sign in (-1, 1):
        value = sign * distance * 0.01
        found = seed_mean(np.array([value]), normal_draws(value, 0.01), least=-1)
        assert found.p == pytest.approx(2 * ndtr(-distance))
        assert (found.p < 0.05) == (not found.low <= 0 <= found.high)


def test_the_interval_is_moved_against_the_bias():
    """Resamplings that lie .01 lower than the number say that the number is .01 too low."""
    found = seed_mean(np.array([0.5]), normal_draws(0.49, 0.01), least=0)
    assert found.value == 0.5
    assert (found.low, found.high) == pytest.approx((0.51 - 0.0196, 0.51 + 0.0196), abs=1e-5)


def test_ends():
    wide = normal_draws(0.5, 0.4)
    assert seed_mean(np.array([0.5]), wide, least=0).low == 0
    assert seed_mean(np.array([0.5]), wide, least=0).high == 1
    assert seed_mean(np.array([0.5]), wide, least=-1).low == pytest.approx(
        0.5 - 1.96 * 0.4, abs=1e-3
    )


def test_nothing_varies_or_is_not_known():
    sure = seed_mean(np.array([1.0, 1.0]), np.ones(9), least=0)
    assert (sure.value, sure.low, sure.high, sure.p, sure.spread) == (1.0, None, None, None, 0.0)
    assert seed_mean(np.zeros(2), np.zeros(9), least=-1).p == 1.0
    for values, drawn in (([np.nan], [0.1, 0.2]), ([0.1], [0.1, np.nan])):
        found = seed_mean(np.array(values), np.array(drawn), least=0)
        assert (found.low, found.high, found.p) == (None, None, None)


def experiment(random, *, seeds, events, throws, luck, own):
    """Answers of two methods: what events, seeds, and seeds on events make right.

    The latent number of a right answer is above 0; the chance of it is `truth`.
    """
    size = (seeds, events, throws)
    event = random.normal(size=(1, events, 1))
    there = random.random((events, throws)) > 0.05
    methods = []
    for level in (0.9, 0.8):
        trained = luck * random.normal(size=(seeds, 1, 1))
        latent = level + event + trained + own * random.normal(size=(seeds, events, 1))
        right = (latent + 0.4 * random.normal(size=size) > 0) & there
        methods.append(Answers(right, there))
    return methods


def truth(level, luck, own):
    return float(ndtr(level / math.sqrt(1 + luck**2 + own**2 + 0.4**2)))


@pytest.mark.parametrize(
    ("seeds", "luck", "own", "least", "most"),
    [
        (1, 0.0, 0.5, 0.90, 0.99),
        (3, 0.0, 0.5, 0.93, 1.0),  # what seeds and events share is counted twice
        (3, 0.03, 0.0, 0.91, 1.0),
        (3, 0.15, 0.3, 0.90, 1.0),  # percentiles of resampled seeds would hold 84 to 90 %
        (5, 0.15, 0.0, 0.90, 0.99),
    ],
)
def test_intervals_cover_the_truth(seeds, luck, own, least, most):
    """The share of 200 experiments whose interval holds the true accuracy, and difference."""
    random = np.random.default_rng(4)
    accuracy = difference = 0
    good, bad = truth(0.9, luck, own), truth(0.8, luck, own)
    for number in range(200):
        methods = experiment(random, seeds=seeds, events=300, throws=2, luck=luck, own=own)
        drawn = [one.mean(2) for one in resample_events(methods, resamplings=200, seed=number)]
        a, b = (one.accuracies().mean(1) for one in methods)
        found = seed_mean(a, drawn[0].mean(1), least=0)
        accuracy += found.low <= good <= found.high
        found = seed_mean(a - b, (drawn[0] - drawn[1]).mean(1), least=-1)
        difference += found.low <= good - bad <= found.high
    assert least <= accuracy / 200 <= most
    assert least <= difference / 200 <= most


def test_the_worst_of_equal_throws_is_covered_too():
    """The lowest of ten equal accuracies is too low, its interval less so."""
    random = np.random.default_rng(5)
    held, values = 0, []
    for number in range(200):
        right = random.normal(size=(1, 400, 1)) + 0.5 * random.normal(size=(2, 400, 10)) > -0.7
        one = Answers(right, np.ones((400, 10), bool))
        drawn = resample_events([one], resamplings=200, seed=number)[0].mean(1).min(1)
        by_seed = one.accuracies()
        by_seed = by_seed[:, by_seed.mean(0).argmin()]
        found = seed_mean(by_seed, drawn, least=0)
        held += found.low <= ndtr(0.7 / math.sqrt(1.25)) <= found.high
        values.append(found.value)
    assert np.mean(values) < ndtr(0.7 / math.sqrt(1.25)) - 0.01
    assert held / 200 >= 0.88


def test_holm_by_hand():
    """Sorted: .005 * 4, .01 * 3, .03 * 2, .04 * 1, then none below the one before."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []
